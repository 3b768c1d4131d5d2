"use strict";
// Who cannot get out: pick-ups with how many wait, and the ways of boat crews and stretcher teams.

class RescueLayer {
  constructor(data) {
    this.data = data;
    this.count = data.pickup_id.length;
    this.routed = data.meta.rescue.routed;
    this.pickups = L.layerGroup();
    this.routes = L.layerGroup();
    this.markers = [];
    this.lines = [];
  }

  draw(map) {
    this.map = map;
    if (this.routed) this.drawRoutes();
    this.drawPickups();
    map.on("zoomend", () => this.resize());
    this.resize();
    this.control();
  }

  drawPickups() {
    const d = this.data;
    const before = new Map();
    for (let i = 0; i < this.count; i++) {
      // Pick-ups of one place stand side by side.
      const spot = `${d.pickup_lat[i]} ${d.pickup_lon[i]}`;
      const rank = before.get(spot) || 0;
      before.set(spot, rank + 1);
      const missed = this.routed && d.pickup_vehicle[i] < 0;
      const disc = element("span", { class: "pickup-count" }, String(d.pickup_persons[i]));
      const icon = L.divIcon({ className: missed ? "pickup missed" : "pickup", iconSize: [22, 22], iconAnchor: [11 - 14 * rank, 11], html: disc });
      const words = `Pick-up ${d.pickup_id[i]}: ${count(d.pickup_persons[i], "person")}, ${d.pickup_needs[i]}`;
      const marker = L.marker([d.pickup_lat[i], d.pickup_lon[i]], { icon, title: words, riseOnHover: true, zIndexOffset: 500 });
      marker.bindPopup(() => this.pickupExplanation(i), { maxWidth: 300, autoPanPadding: [20, 20] });
      marker.on("add", () => marker.getElement().setAttribute("aria-label", words));
      this.pickups.addLayer(marker);
      this.markers.push(marker);
    }
    this.pickups.addTo(this.map);
  }

  drawRoutes() {
    const d = this.data;
    const renderer = L.svg();
    const starts = startsOf(d.vehicle_points);
    this.stopsOf = grouped(d.stop_vehicle, d.vehicle_id.length);
    for (let v = 0; v < d.vehicle_id.length; v++) {
      const points = [];
      for (let i = starts[v]; i < starts[v + 1]; i++) points.push([d.vehicle_lat[i], d.vehicle_lon[i]]);
      const className = `crew ${d.vehicle_kind[v] === "boat" ? "by-boat" : "on-foot"}`;
      const line = L.polyline(points, { renderer, className, smoothFactor: 0.5 });
      line.bindPopup(() => this.vehicleExplanation(v), { maxWidth: 380, autoPanPadding: [20, 20] });
      this.routes.addLayer(line);
      this.lines.push(line);
    }
    this.routes.addTo(this.map);
  }

  // Pick-ups shrink on a small scale, as shelters do.
  resize() {
    const scale = Math.max(0.45, Math.min(1, 0.45 + (this.map.getZoom() - 13) / 5));
    this.map.getContainer().style.setProperty("--pickup-scale", scale);
  }

  // A legend of its own, with a switch for each of both layers.
  control() {
    const toggle = (layer, name, mark, words) => {
      const box = element("input", { type: "checkbox", id: name, checked: "" });
      box.addEventListener("change", () => (box.checked ? layer.addTo(this.map) : layer.removeFrom(this.map)));
      return element("li", {}, mark, element("label", {}, box, ` ${words}`));
    };
    const symbol = (name) => element("span", { class: `symbol ${name}`, "aria-hidden": "true" });
    const lines = [toggle(this.pickups, "show-pickups", symbol("pickup-mark"), "pick-ups: how many wait")];
    if (this.routed) {
      lines.push(
        element("li", {}, symbol("pickup-mark missed-mark"), "no vehicle in time"),
        toggle(this.routes, "show-crews", element("span", {}), "the crews' ways"),
        element("li", {}, symbol("boat-mark"), "by boat"),
        element("li", {}, symbol("foot-mark"), "stretcher team on foot")
      );
    }
    const holder = element("details", { class: "legend rescue-legend", open: "" }, element("summary", {}, "Who cannot get out"), element("ul", {}, ...lines));
    const control = L.control({ position: "topright" });
    control.onAdd = () => {
      L.DomEvent.disableClickPropagation(holder).disableScrollPropagation(holder);
      return holder;
    };
    control.addTo(this.map);
    if (window.matchMedia("(max-width: 45rem)").matches) holder.removeAttribute("open");
  }

  title(i) {
    return this.data.pickup_place[i] || "a place without a name";
  }

  pickupExplanation(i) {
    const d = this.data;
    const carried = d.pickup_carry_to_landing[i] ? ", the crew carries them there" : "";
    const landing = d.pickup_landing_m[i] > 0 ? `${count(d.pickup_landing_m[i])} m away${carried}` : "here";
    const v = this.routed ? d.pickup_vehicle[i] : -1;
    let crew = null;
    if (this.routed) crew = v < 0 ? "none in time" : this.vehicleButton(v);
    return element(
      "div", { class: "explain" },
      element("h2", {}, `Pick-up ${d.pickup_id[i]}: ${count(d.pickup_persons[i], "person")}`),
      facts([
        ["Place", this.title(i)],
        ["Need", d.pickup_needs[i]],
        ["Because", d.pickup_why[i]],
        ["Ready", `${clock(d.pickup_ready_s[i])} after the alarm`],
        ["At the latest", `aboard ${clock(d.pickup_latest_s[i])} after the alarm`],
        ["Boats land", landing],
        ["Crew", crew],
        ["Aboard", v < 0 ? null : `${clock(d.pickup_aboard_s[i])} after the alarm`],
      ])
    );
  }

  vehicleButton(v) {
    const d = this.data;
    return element("button", { type: "button", class: "link", onclick: () => this.openVehicle(v) }, `${d.vehicle_kind[v]} ${d.vehicle_id[v]}`);
  }

  vehicleExplanation(v) {
    const d = this.data;
    const rows = this.stopsOf(v).map((i) => {
      const change = d.stop_on[i] ? `+${d.stop_on[i]}` : d.stop_off[i] ? `−${d.stop_off[i]}` : "";
      const place = d.stop_place[i] || d.stop_id[i] || "start";
      const name = d.stop_what[i] === "pick-up" ? `${d.stop_id[i]} ${d.stop_place[i]}` : place;
      return [name, clock(d.stop_arrive_s[i]), clock(d.stop_depart_s[i]), change, count(d.stop_persons_aboard[i])];
    });
    return element(
      "div", { class: "explain crew-table" },
      element("h2", {}, `${d.vehicle_kind[v]} ${d.vehicle_id[v]}`),
      table(["Stop", "Comes", "Goes", "On/off", "Aboard"], rows, "Minutes:seconds after the alarm")
    );
  }

  openPickup(i) {
    const box = document.getElementById("show-pickups");
    if (!box.checked) box.click();
    this.map.setView(this.markers[i].getLatLng(), Math.max(this.map.getZoom(), 17), { animate: false });
    this.markers[i].openPopup();
  }

  openVehicle(v) {
    const box = document.getElementById("show-crews");
    if (!box.checked) box.click();
    const line = this.lines[v];
    this.map.fitBounds(line.getBounds(), { ...besideLegend(this.map, 45), maxZoom: 18, animate: false });
    line.openPopup(line.getLatLngs()[0]);
  }

  // Tables of pick-ups and vehicles for the panel, each name a button: the way in by keyboard.
  list() {
    const d = this.data;
    const open = (words, action) => element("button", { type: "button", class: "link", onclick: action }, words);
    const pickups = Array.from({ length: this.count }, (_, i) => [
      open(`${d.pickup_id[i]} ${d.pickup_place[i]}`.trim(), () => this.openPickup(i)),
      count(d.pickup_persons[i]),
      clock(d.pickup_latest_s[i]),
    ]);
    const parts = [table(["Pick-up", "Persons", "Latest"], pickups, "Latest: all aboard, minutes:seconds after the alarm")];
    if (this.routed) {
      const vehicles = d.vehicle_id.map((_, v) => {
        const stops = this.stopsOf(v);
        const persons = stops.reduce((sum, i) => sum + d.stop_on[i], 0);
        const trips = stops.length ? d.stop_trip[stops[stops.length - 1]] : 0;
        return [this.vehicleButton(v), count(persons), count(trips)];
      });
      const words = `${count(vehicles.length)} of ${count(d.meta.rescue.vehicles, "vehicle")} go out`;
      parts.push(table(["Crew", "Persons", "Trips"], vehicles, words));
    }
    const persons = d.pickup_persons.reduce((sum, n) => sum + n, 0);
    return element("details", {}, element("summary", {}, `Who cannot get out: ${count(persons, "person")} at ${count(this.count, "pick-up")}`), ...parts);
  }
}

function drawRescue(map, data) {
  const rescue = new RescueLayer(data);
  rescue.draw(map);
  document.getElementById("summary").append(rescue.list());
}
