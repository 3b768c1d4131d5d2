"use strict";
// Puts the parts together.

async function start() {
  const data = await readPlan();
  const map = L.map("map", { zoomSnap: 0.25, maxZoom: 20, attributionControl: Boolean(data.meta.tiles) });
  const parts = data.meta.played ? playedParts(data) : { Streets, Shelters, Controls, legendWords };
  const streets = new parts.Streets(data);
  const hazards = data.hazard_street ? new Hazards(data, streets) : null;
  streets.hazards = hazards;
  const shelters = new parts.Shelters(data);
  const routes = new Routes(data, streets, shelters);
  map.fitBounds(streetBounds(data), { ...besideLegend(map, 15), animate: false });
  if (data.meta.tiles) L.tileLayer(data.meta.tiles.url, { attribution: data.meta.tiles.attribution, maxZoom: 20, opacity: 0.5 }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  streets.draw(map);
  hazards?.draw(map);
  drawLeft(map, data, routes);
  shelters.draw(map);
  const legend = makeLegend(map, parts.legendWords);
  const controls = new parts.Controls(data, (view) => {
    streets.colour(view);
    hazards?.colour(view);
    shelters.colour(view);
    legend.update(view, streets.currentBreaks(), data.meta.bin_s / 60, hazards?.legend(view));
    routes.moveTo(view.mode === "whole" ? 0 : controls.time);
  });
  controls.set({});
  showSummary(data.meta, shelters);
  if (data.meta.rescue) drawRescue(map, data);
  startSearch(map, data, streets, shelters, routes, controls);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    streets.restyle();
    hazards?.apply(true);
  });
  document.getElementById("notice").hidden = true;
  document.body.dataset.ready = "true";
}

// Padding that keeps a place `margin` from the edges, and clear of the legend where there is room.
function besideLegend(map, margin) {
  const width = map.getSize().x;
  const legend = width > 700 ? 250 : 0;
  return { paddingTopLeft: [margin, margin], paddingBottomRight: [margin + legend, margin] };
}

function streetBounds(data) {
  let [west, east, south, north] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < data.street_lon.length; i++) {
    west = Math.min(west, data.street_lon[i]);
    east = Math.max(east, data.street_lon[i]);
    south = Math.min(south, data.street_lat[i]);
    north = Math.max(north, data.street_lat[i]);
  }
  return [[south, west], [north, east]];
}

// Everyone without a shelter, where they start; those far from any street, where they stand.
function drawLeft(map, data, routes) {
  const places = new Map();
  const note = (at, persons, reason, name) => {
    const key = String(at);
    if (!places.has(key)) places.set(key, { at, persons: 0, reasons: new Set(), names: [] });
    const place = places.get(key);
    place.persons += persons;
    place.reasons.add(reason);
    place.names.push(name);
  };
  data.left_group.forEach((group, i) => {
    note(routes.nodeOf(group), data.left_size[i], data.meta.reasons[data.left_reason[i]], `group ${data.group_id[group]}`);
  });
  if (data.person_lon) {
    data.person_group.forEach((group, i) => {
      const at = [data.person_lat[i], data.person_lon[i]];
      if (group < 0) note(at, 1, data.meta.set_aside, `person ${data.person_id[i]}`);
    });
  }
  const renderer = L.svg();
  const layers = Array.from(places.values(), (place) =>
    L.circleMarker(place.at, { renderer, className: "stranded" })
      .bindPopup(() => leftExplanation(place), { maxWidth: 300 })
      .addTo(map)
  );
  const resize = () => {
    const radius = Math.max(1.5, Math.min(6, map.getZoom() - 11.5));
    for (const layer of layers) layer.setRadius(radius);
  };
  map.on("zoomend", resize);
  resize();
}

function leftExplanation({ persons, reasons, names }) {
  const shown = names.slice(0, 20).join(", ") + (names.length > 20 ? ", …" : "");
  return element(
    "div", { class: "explain" },
    element("h2", {}, `${count(persons, "person")} without a shelter`),
    facts([["Because", [...reasons].join("; ")], ["Who", shown]])
  );
}

window.addEventListener("DOMContentLoaded", () => {
  start().catch((problem) => {
    const notice = document.getElementById("notice");
    notice.className = "problem";
    notice.textContent = `The plan can't be shown: ${problem.message}`;
    throw problem;
  });
});
