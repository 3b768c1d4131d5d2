"use strict";
// Movements: people of one group who walk the same way at the same time.

class Routes {
  constructor(data, streets, shelters) {
    Object.assign(this, { data, streets, shelters });
    const entries = data.route_link.length;
    const depth = new Int32Array(entries);
    for (let i = 0; i < entries; i++) depth[i] = data.route_next[i] < 0 ? 1 : depth[data.route_next[i]] + 1;
    this.legStart = startsOf(Array.from(data.movement_route, (first) => (first < 0 ? 0 : depth[first])));
    this.ofGroup = grouped(data.movement_group, data.group_id.length);
    this.leftOfGroup = grouped(data.left_group, data.group_id.length);
    this.layer = L.layerGroup();
    this.renderer = L.svg();
    this.walker = this.spot([0, 0], "walker", 7);
  }

  stored(movement) {
    return this.data.movement_route[movement] !== -2;
  }

  // Links walked, in order: {code, enter, leave, wait} with seconds after the alarm.
  legs(movement) {
    const { route_link, route_next, leg_wait, leg_walk } = this.data;
    const legs = [];
    let entry = this.data.movement_route[movement];
    let time = this.data.movement_depart[movement];
    for (let i = this.legStart[movement]; entry >= 0; i++, entry = route_next[entry]) {
      const enter = time + leg_wait[i];
      time = enter + leg_walk[i];
      legs.push({ code: route_link[entry], enter, leave: time, wait: leg_wait[i] });
    }
    return legs;
  }

  nodeOf(group) {
    const node = this.data.group_node[group];
    return [this.data.node_lat[node], this.data.node_lon[node]];
  }

  line(points, className) {
    return L.polyline(points, { renderer: this.renderer, className, interactive: false });
  }

  spot(at, className, radius) {
    return L.circleMarker(at, { renderer: this.renderer, className, radius, interactive: false });
  }

  // Draw `movement`; `from` is where the person stands, if they don't stand at the group's node.
  draw(map, movement, from = null) {
    this.clear(map);
    const legs = this.legs(movement);
    const group = this.data.movement_group[movement];
    const start = this.nodeOf(group);
    const path = [start, ...legs.flatMap((leg) => this.streets.points(leg.code))];
    const add = (layer) => this.layer.addLayer(layer);
    if (from) add(this.line([from, start], "approach"));
    add(this.line(path, "route-edge"));
    add(this.line(path, "route"));
    add(this.spot(from || start, "start", 6));
    this.walking = { legs, start, from, movement };
    this.layer.addTo(map);
    this.layer.addLayer(this.walker);
    const bounds = L.latLngBounds([...path, from || start]);
    const shelter = this.data.movement_shelter[movement];
    bounds.extend([this.data.shelter_lat[shelter], this.data.shelter_lon[shelter]]);
    map.fitBounds(bounds, { ...besideLegend(map, 45), maxZoom: 18 });
  }

  // Mark where people are who have no shelter.
  drawLeft(map, group, from = null) {
    this.clear(map);
    const at = from || this.nodeOf(group);
    this.layer.addLayer(this.spot(at, "stranded", 9));
    this.layer.addTo(map);
    map.setView(at, Math.max(map.getZoom(), 16));
  }

  clear(map) {
    this.walking = null;
    this.layer.clearLayers().removeFrom(map);
  }

  // Put the walker where they are at `time`.
  moveTo(time) {
    if (!this.walking) return;
    const { legs, start, from } = this.walking;
    let at = from || start;
    for (const leg of legs) {
      if (time < leg.enter) break;
      const share = leg.leave > leg.enter ? Math.min(1, (time - leg.enter) / (leg.leave - leg.enter)) : 1;
      at = pointAlong(this.streets.points(leg.code), share);
    }
    this.walker.setLatLng(at);
  }

  // What the panel says of one movement.
  description(movement) {
    const d = this.data;
    const group = d.movement_group[movement];
    const shelter = d.movement_shelter[movement];
    const depart = d.movement_depart[movement];
    const arrive = d.movement_arrive[movement];
    const ready = d.group_ready[group];
    const legs = this.legs(movement);
    const metres = legs.reduce((sum, leg) => sum + d.street_length[leg.code >> 1], 0);
    const walk = legs.reduce((sum, leg) => sum + leg.leave - leg.enter, 0);
    const stored = this.stored(movement);
    const toShelter = element("button", { type: "button", class: "link", onclick: () => this.shelters.open(shelter) }, this.shelters.title(shelter));
    return element(
      "div", {},
      facts([
        ["Shelter", toShelter],
        ["Ready", `${clock(ready)} after the alarm`],
        ["Depart", `${clock(depart)}${depart > ready ? ` (waits ${duration(depart - ready)} at the start)` : ""}`],
        ["Arrive", `${clock(arrive)}, ${duration(arrive - ready)} after being ready`],
        ...this.odds(movement),
        ["Way", stored ? `${count(metres)} m, ${duration(walk)} of walking` : "not kept in this map (max_routes)"],
        ["Group", `${d.group_id[group]}: ${count(d.movement_size[movement], "person")}, class ${d.class_id[d.group_class[group]]}`],
      ]),
      stored ? this.timetable(legs, arrive) : null
    );
  }

  // How likely they are safe in time, where a scorer was asked of the plan.
  odds(movement) {
    const d = this.data;
    if (!d.movement_odds || Number.isNaN(d.movement_odds[movement])) return [];
    // Nothing is certain.
    const odds = d.movement_odds[movement];
    const share = odds >= 0.999 ? "> 99.9" : odds < 0.001 ? "< 0.1" : (100 * odds).toFixed(1);
    const between = `${clock(Math.round(d.movement_q10[movement]))} to ${clock(Math.round(d.movement_q90[movement]))}`;
    return [
      ["Odds", `${share} % safe by the deadline${d.movement_sure[movement] ? "" : ": do not rely on it"}`],
      ["Likely", `arrive ${between}: eight in ten do`],
    ];
  }

  timetable(legs, arrive) {
    const times = (leg) => [clock(leg.enter), clock(leg.leave), leg.wait > 0 ? duration(leg.wait) : ""];
    const heads = ["Enter", "Leave", "Wait before"];
    const rows = joinSameName(legs, (leg) => this.streets.title(leg.code >> 1));
    const brief = rows.map((row) => [row.name, ...times(row)]);
    const full = legs.map((leg) => [
      `${this.streets.title(leg.code >> 1)} (${this.data.street_id[leg.code >> 1]}), ${count(this.data.street_length[leg.code >> 1])} m`,
      ...times(leg),
    ]);
    const last = legs.length ? legs[legs.length - 1].leave : arrive;
    const door = arrive > last ? element("p", {}, `Waits ${duration(arrive - last)} at the shelter's door.`) : null;
    return element(
      "div", {},
      table(["Street", ...heads], brief, "Times are minutes:seconds after the alarm"),
      door,
      element("details", {}, element("summary", {}, `Every link (${legs.length})`), table(["Link", ...heads], full, "Every link of the way"))
    );
  }

  leftDescription(group) {
    const d = this.data;
    const rows = this.leftOfGroup(group).map((i) => [count(d.left_size[i], "person"), d.meta.reasons[d.left_reason[i]]]);
    return facts(rows);
  }
}

// A function from a key 0..keys-1 to the positions that hold it.
function grouped(column, keys) {
  const counts = new Int32Array(keys);
  for (const key of column) if (key >= 0) counts[key]++;
  const starts = startsOf(counts);
  const next = starts.slice();
  const places = new Int32Array(column.length);
  for (let i = 0; i < column.length; i++) if (column[i] >= 0) places[next[column[i]]++] = i;
  return (key) => Array.from(places.subarray(starts[key], starts[key + 1]));
}

function joinSameName(legs, nameOf) {
  const rows = [];
  for (const leg of legs) {
    const name = nameOf(leg);
    const last = rows[rows.length - 1];
    if (last && last.name === name && leg.wait === 0) last.leave = leg.leave;
    else rows.push({ ...leg, name });
  }
  return rows;
}

function pointAlong(points, share) {
  const lengths = points.slice(1).map((point, i) => L.latLng(point).distanceTo(points[i]));
  let rest = share * lengths.reduce((sum, length) => sum + length, 0);
  for (let i = 0; i < lengths.length; i++) {
    if (rest <= lengths[i] && lengths[i] > 0) {
      const part = rest / lengths[i];
      return [0, 1].map((axis) => points[i][axis] + part * (points[i + 1][axis] - points[i][axis]));
    }
    rest -= lengths[i];
  }
  return points[points.length - 1];
}
