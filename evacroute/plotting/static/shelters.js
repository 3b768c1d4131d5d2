"use strict";
// Shelters: a ring for the room, a disc for the share that is filled.

class Shelters {
  constructor(data) {
    this.data = data;
    this.count = data.shelter_id.length;
    const { bins, bin_s } = data.meta;
    this.bins = bins;
    this.arrived = Array.from({ length: this.count }, () => new Float64Array(bins));
    this.lastArrival = new Float64Array(this.count).fill(-1);
    for (let i = 0; i < data.movement_shelter.length; i++) {
      const shelter = data.movement_shelter[i];
      const time = data.movement_arrive[i];
      const bin = Math.min(bins - 1, Math.floor(time / bin_s));
      this.arrived[shelter][bin] += data.movement_size[i];
      this.lastArrival[shelter] = Math.max(this.lastArrival[shelter], time);
    }
    for (const row of this.arrived) for (let bin = 1; bin < bins; bin++) row[bin] += row[bin - 1];
    this.most = Math.max(1, ...data.shelter_capacity, ...data.shelter_filled);
    this.markers = [];
  }

  title(shelter) {
    return this.data.shelter_name[shelter] || this.data.shelter_id[shelter];
  }

  radius(shelter) {
    return 6 + 16 * Math.sqrt(this.data.shelter_capacity[shelter] / this.most);
  }

  filled(shelter, view) {
    return view.mode === "whole" ? this.data.shelter_filled[shelter] : this.arrived[shelter][view.bin];
  }

  draw(map) {
    this.map = map;
    for (let shelter = 0; shelter < this.count; shelter++) {
      const radius = this.radius(shelter);
      const at = [this.data.shelter_lat[shelter], this.data.shelter_lon[shelter]];
      const icon = L.divIcon({ className: "shelter", iconSize: [2 * radius, 2 * radius], html: ring(radius) });
      const marker = L.marker(at, { icon, riseOnHover: true, zIndexOffset: 1000 });
      marker.bindPopup(() => this.explanation(shelter), { maxWidth: 300, autoPanPadding: [20, 20] });
      marker.addTo(map);
      this.markers.push(marker);
    }
    map.on("zoomend", () => this.resize());
    this.resize();
  }

  // Shelters shrink on a small scale, so that they don't hide the streets.
  resize() {
    const scale = Math.max(0.5, Math.min(1, 0.5 + (this.map.getZoom() - 13) / 6));
    this.map.getContainer().style.setProperty("--shelter-scale", scale);
  }

  colour(view) {
    this.view = view;
    for (let shelter = 0; shelter < this.count; shelter++) {
      const share = this.share(shelter, view);
      const node = this.markers[shelter].getElement();
      const disc = node.querySelector(".filled");
      // The area of the disc, not its radius, is the share.
      disc.setAttribute("r", (this.radius(shelter) - 2) * Math.sqrt(Math.min(1, share)));
      node.classList.toggle("full", share >= 0.9995);
      node.setAttribute("aria-label", `Shelter ${this.title(shelter)}, ${percent(share)} filled`);
      node.title = `${this.title(shelter)}: ${percent(share)} filled`;
    }
  }

  share(shelter, view) {
    const room = this.data.shelter_capacity[shelter];
    return room > 0 ? this.filled(shelter, view) / room : 0;
  }

  open(shelter) {
    const marker = this.markers[shelter];
    this.map.setView(marker.getLatLng(), Math.max(this.map.getZoom(), 16));
    marker.openPopup();
  }

  explanation(shelter) {
    const d = this.data;
    const intake = d.shelter_intake[shelter];
    const last = this.lastArrival[shelter];
    const room = count(d.shelter_capacity[shelter]);
    const now = this.view.mode === "moment" ? `${count(this.filled(shelter, this.view))} of ${room}` : null;
    return element(
      "div", { class: "explain" },
      element("h2", {}, `Shelter ${this.title(shelter)}`),
      facts([
        ["Filled now", now],
        [now ? "Filled at the end" : "Filled", `${count(d.shelter_filled[shelter])} of ${room} (${percent(d.shelter_filled[shelter] / Math.max(1, d.shelter_capacity[shelter]))})`],
        ["Step-free places", `${count(d.shelter_filled_step_free[shelter])} of ${count(d.shelter_step_free[shelter])} taken`],
        ["Door admits", Number.isFinite(intake) ? `${count(intake * 60, "person")} a minute` : "no limit"],
        ["Price", d.meta.priced ? this.priceText(shelter) : null],
        ["Last arrival", last < 0 ? "nobody is sent here" : `${duration(last)} after the alarm`],
        ["Kind", d.shelter_kind[shelter] || null],
        ["Shelter id", d.shelter_id[shelter]],
      ])
    );
  }

  priceText(shelter) {
    const place = this.data.shelter_price_place[shelter];
    const more = this.data.shelter_price_step_free[shelter];
    if (!place && !more) return "none: there is room to spare";
    const besides = more ? `; a step-free place ${duration(place + more)}` : "";
    return `a place costs the others ${duration(place)}${besides}`;
  }

  // A table of all shelters, each name a button that opens it on the map.
  list() {
    const order = Array.from({ length: this.count }, (_, shelter) => shelter).sort(
      (a, b) => this.data.shelter_filled[b] - this.data.shelter_filled[a]
    );
    const rows = order.map((shelter) => [
      element("button", { type: "button", class: "link", onclick: () => this.open(shelter) }, this.title(shelter)),
      count(this.data.shelter_filled[shelter]),
      count(this.data.shelter_capacity[shelter]),
    ]);
    return element("details", {}, element("summary", {}, `All ${this.count} shelters`), table(["Shelter", "Filled", "Room"], rows, "Fullest in persons first"));
  }
}

function ring(radius) {
  const size = 2 * radius;
  const circle = (name, r) => `<circle class="${name}" cx="${radius}" cy="${radius}" r="${r}"/>`;
  return `<svg width="${size}" height="${size}" aria-hidden="true">${circle("room", radius - 1)}${circle("filled", 0)}</svg>`;
}
