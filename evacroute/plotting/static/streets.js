"use strict";
// The streets: drawn once each, coloured by load, explained on a click.

const CLASSES = 5;
const SHARE_BREAKS = [1e-9, 0.1, 0.3, 0.6, 0.9];

class Streets {
  constructor(data) {
    this.data = data;
    this.count = data.street_points.length;
    this.pointStart = startsOf(data.street_points);
    this.binSeconds = data.meta.bin_s;
    this.cells = data.flow_link.length;
    this.addUp();
    this.addPrices();
    this.breaks = { whole: niceBreaks(maximum(this.total)), moment: niceBreaks(this.busiestCell) };
    this.priceBreaks = niceBreaks(maximum(this.highest));
    this.layers = [];
    this.shown = new Int8Array(this.count).fill(-1);
    this.value = new Float64Array(this.count);
  }

  // Totals and the fullest moment of each street, over both directions.
  addUp() {
    const { flow_link, flow_bin, flow_persons, flow_inside, flow_passing } = this.data;
    this.total = new Float64Array(this.count);
    this.totalBack = new Float64Array(this.count);
    this.peakShare = new Float64Array(this.count);
    this.peakBin = new Int32Array(this.count).fill(-1);
    this.peakPersons = new Float64Array(this.count);
    this.peakWay = new Int8Array(this.count);
    this.firstBin = new Int32Array(this.count).fill(-1);
    this.lastBin = new Int32Array(this.count).fill(-1);
    const both = new Map();
    for (let i = 0; i < this.cells; i++) {
      const street = flow_link[i] >> 1;
      const bin = flow_bin[i];
      this.total[street] += flow_persons[i];
      if (flow_link[i] & 1) this.totalBack[street] += flow_persons[i];
      if (this.firstBin[street] < 0 || bin < this.firstBin[street]) this.firstBin[street] = bin;
      if (bin > this.lastBin[street]) this.lastBin[street] = bin;
      const share = this.shareOf(i);
      if (share > this.peakShare[street]) {
        this.peakShare[street] = share;
        this.peakBin[street] = bin;
        this.peakPersons[street] = flow_passing[i];
        this.peakWay[street] = flow_link[i] & 1;
      }
      const key = street * this.data.meta.bins + bin;
      both.set(key, (both.get(key) || 0) + flow_inside[i]);
    }
    this.busiestCell = maximum(both.values());
  }

  // The highest price of each street, of its dearer direction, and when it has any.
  addPrices() {
    const { price_link = [], price_bin, price_seconds } = this.data;
    this.highest = new Float64Array(this.count);
    this.highestCell = new Int32Array(this.count).fill(-1);
    this.firstPrice = new Int32Array(this.count).fill(-1);
    this.lastPrice = new Int32Array(this.count).fill(-1);
    for (let i = 0; i < price_link.length; i++) {
      const street = price_link[i] >> 1;
      const bin = price_bin[i];
      if (this.firstPrice[street] < 0 || bin < this.firstPrice[street]) this.firstPrice[street] = bin;
      if (bin > this.lastPrice[street]) this.lastPrice[street] = bin;
      if (this.highestCell[street] >= 0 && price_seconds[i] <= this.highest[street]) continue;
      this.highest[street] = price_seconds[i];
      this.highestCell[street] = i;
    }
  }

  capacity(code) {
    const column = code & 1 ? this.data.street_capacity_back : this.data.street_capacity;
    return column[code >> 1];
  }

  // Flow through the link, averaged along it and over the bin, as a share of its capacity.
  shareOf(cell) {
    const room = this.capacity(this.data.flow_link[cell]) * this.binSeconds;
    // Who only just touches a bin still counts as somebody.
    return room > 0 ? Math.max(this.data.flow_passing[cell] / room, SHARE_BREAKS[0]) : 1;
  }

  points(code) {
    const street = code >> 1;
    const { street_lat, street_lon } = this.data;
    const points = [];
    for (let i = this.pointStart[street]; i < this.pointStart[street + 1]; i++) {
      points.push([street_lat[i], street_lon[i]]);
    }
    return code & 1 ? points.reverse() : points;
  }

  draw(map) {
    this.map = map;
    const renderer = L.canvas({ padding: 0.4, tolerance: 6 });
    for (let street = 0; street < this.count; street++) {
      const dash = this.isFerry(street) ? { dashArray: "6 5" } : {};
      const layer = L.polyline(this.points(2 * street), { renderer, smoothFactor: 1.2, ...dash });
      layer.street = street;
      this.layers.push(layer);
    }
    L.featureGroup(this.layers)
      .on("click", (event) => {
        L.DomEvent.stopPropagation(event);
        this.explain(event.layer.street, event.latlng);
      })
      .addTo(map);
    map.on("zoomend", () => this.restyle());
  }

  // Colour by `view`: {mode: "whole" | "moment", measure: "persons" | "share" | "price", bin}.
  colour(view) {
    this.view = view;
    const { flow_link, flow_bin, flow_inside } = this.data;
    const value = this.value;
    if (view.mode === "whole") {
      value.set({ persons: this.total, share: this.peakShare, price: this.highest }[view.measure]);
    } else if (view.measure === "price") {
      const { price_link, price_bin, price_seconds } = this.data;
      value.fill(0);
      for (let i = 0; i < price_link.length; i++) {
        const street = price_link[i] >> 1;
        if (price_bin[i] === view.bin) value[street] = Math.max(value[street], price_seconds[i]);
      }
    } else {
      value.fill(0);
      for (let i = 0; i < this.cells; i++) {
        if (flow_bin[i] !== view.bin) continue;
        const street = flow_link[i] >> 1;
        if (view.measure === "share") value[street] = Math.max(value[street], this.shareOf(i));
        else value[street] += flow_inside[i];
      }
    }
    this.apply(false);
  }

  restyle() {
    this.apply(true);
  }

  apply(all) {
    const styles = streetStyles(this.map.getZoom());
    const breaks = this.currentBreaks();
    const raised = Array.from({ length: CLASSES + 1 }, () => []);
    for (let street = 0; street < this.count; street++) {
      const level = levelOf(this.value[street], breaks);
      if (!all && level === this.shown[street]) continue;
      this.shown[street] = level;
      this.layers[street].setStyle(styles[level]);
      raised[level].push(street);
    }
    // Busy streets lie on top where streets cross or share a line.
    for (const streets of raised.slice(1)) for (const street of streets) this.layers[street].bringToFront();
  }

  currentBreaks() {
    if (this.view.measure === "price") return this.priceBreaks;
    return this.view.measure === "share" ? SHARE_BREAKS : this.breaks[this.view.mode];
  }

  isFerry(street) {
    return this.data.meta.kinds[this.data.street_kind[street]] === "ferry";
  }

  title(street) {
    const { street_name, street_name_table, street_kind, meta } = this.data;
    const name = street_name_table[street_name[street]];
    return name || `${meta.kinds[street_kind[street]]} without a name`;
  }

  explain(street, at) {
    const content = this.explanation(street);
    const maxHeight = Math.max(150, this.map.getSize().y - 70);
    return L.popup({ maxWidth: 300, maxHeight, autoPanPadding: [20, 20] }).setLatLng(at).setContent(content).openOn(this.map);
  }

  // Go to these streets and mark them as long as what is said of `one` of them stands open.
  show(streets, one) {
    this.map.closePopup();
    const renderer = L.svg();
    const lines = (className) =>
      streets.map((street) => L.polyline(this.points(2 * street), { renderer, className, interactive: false }));
    const marks = L.layerGroup([...lines("found-edge"), ...lines("found-street")]).addTo(this.map);
    const bounds = L.latLngBounds(streets.flatMap((street) => this.points(2 * street)));
    this.map.fitBounds(bounds, { ...besideLegend(this.map, 60), maxZoom: 18, animate: false });
    this.explain(one, this.layers[one].getCenter()).on("remove", () => marks.remove());
  }

  explanation(street) {
    const d = this.data;
    const kind = d.meta.kinds[d.street_kind[street]];
    const assumed = d.street_assumed[street];
    const perMinute = (capacity) => count(capacity * 60);
    const ahead = d.street_capacity[street];
    const back = d.street_capacity_back[street];
    const rate = Number.isNaN(back) || back === ahead ? perMinute(ahead) : `${perMinute(ahead)} / ${perMinute(back)} back`;
    const used = this.total[street] > 0;
    const ferry = this.isFerry(street);
    return element(
      "div", { class: "explain" },
      element("h2", {}, this.title(street)),
      facts([
        ["Kind", Number.isNaN(back) ? `${kind}, one way` : kind],
        ["Width", ferry ? null : `${d.street_width[street].toFixed(1)} m${assumed & 1 ? " (assumed)" : ""}`],
        ["Length", `${d.street_length[street].toFixed(0)} m`],
        ["Steps", ferry ? null : stepsText(d.street_steps[street])],
        ["Wheelchair", ferry ? null : ["said to be impassable", null, "said to be passable"][d.street_wheelchair[street] + 1]],
        ["Height", ferry || Number.isNaN(d.street_elevation[street]) ? null : `${d.street_elevation[street].toFixed(2)} m above the tide datum`],
        ["Capacity", ferry ? null : `${rate} persons a minute each way${assumed & 2 ? " (from an assumed width)" : ""}`],
        ...(this.hazards ? this.hazards.facts(street) : []),
        [ferry ? "Aboard" : "Persons", used ? this.personsText(street) : `nobody ${ferry ? "rides" : "walks"} here in this plan`],
        ["Fullest", used && !ferry ? this.peakText(street) : null],
        ["Price", this.highestCell[street] < 0 ? null : this.priceText(street)],
        ["In use", used ? `minute ${this.minute(this.firstBin[street])} to ${this.minute(this.lastBin[street] + 1)}` : null],
        ["Link", [d.street_id[street], d.street_id_back[street]].filter((id) => id).join(" and ")],
      ]),
      this.priceTable(street)
    );
  }

  // The prices of a street over time, each direction that has any for itself.
  priceTable(street) {
    const { price_link = [], price_bin, price_seconds, street_id, street_id_back } = this.data;
    const columns = [0, 1].map(() => new Map());
    for (let i = 0; i < price_link.length; i++) {
      if (price_link[i] >> 1 === street) columns[price_link[i] & 1].set(price_bin[i], price_seconds[i]);
    }
    const ways = [0, 1].filter((way) => columns[way].size);
    if (!ways.length) return null;
    const bins = [...new Set(ways.flatMap((way) => [...columns[way].keys()]))].sort((a, b) => a - b);
    const text = (price) => (price === undefined ? "" : price < 1 ? "< 1 s" : duration(price));
    const rows = bins.map((bin) => [
      `${this.minute(bin)} to ${this.minute(bin + 1)}`,
      ...ways.map((way) => element("span", {}, priceBar(columns[way].get(bin), this.highest[street]), text(columns[way].get(bin)))),
    ]);
    const heads = ["Minute", ...ways.map((way) => [street_id, street_id_back][way][street])];
    const caption = "Highest price of entering, a person";
    return element(
      "details", { open: "" },
      element("summary", {}, "Price over time"),
      element("div", { class: "price-table" }, table(heads, rows, caption))
    );
  }

  personsText(street) {
    const back = this.totalBack[street];
    const ahead = this.total[street] - back;
    const total = count(this.total[street]);
    return back && ahead ? `${total} in all (${count(ahead)} one way, ${count(back)} the other)` : `${total} in all`;
  }

  peakText(street) {
    const share = this.peakShare[street];
    const minutes = this.binSeconds / 60;
    const span = minutes === 1 ? "in one minute" : `in ${minutes} minutes`;
    const from = this.minute(this.peakBin[street]);
    return `${count(Math.max(1, this.peakPersons[street]))} ${span}, from minute ${from}: ${percent(share)} of capacity`;
  }

  priceText(street) {
    const cell = this.highestCell[street];
    const span = `minute ${this.minute(this.firstPrice[street])} to ${this.minute(this.lastPrice[street] + 1)}`;
    return (
      `one more person costs the others up to ${duration(this.highest[street])}, ` +
      `most in minute ${this.minute(this.data.price_bin[cell])}; a price from ${span}`
    );
  }

  minute(bin) {
    return (bin * this.binSeconds) / 60;
  }
}

function priceBar(price = 0, most) {
  return element("span", { class: "price-bar", style: `width: ${((3 * price) / most).toFixed(2)}rem` });
}

function stepsText(steps) {
  if (steps === 0) return "none";
  return steps === 1 ? "yes, number unknown" : count(steps);
}

function maximum(values) {
  let most = 0;
  for (const value of values) if (value > most) most = value;
  return most;
}

// Round numbers that split 1..most into classes, each about four times the one below.
function niceBreaks(most) {
  const breaks = [1];
  for (let power = CLASSES - 1; power > 0; power--) {
    const wanted = most / 4 ** power;
    const ten = 10 ** Math.floor(Math.log10(Math.max(wanted, 1)));
    const nice = [1, 2, 5, 10].map((step) => step * ten).reduce((best, step) =>
      Math.abs(step - wanted) < Math.abs(best - wanted) ? step : best);
    breaks.push(Math.max(nice, breaks[breaks.length - 1] + 1));
  }
  return breaks;
}

function levelOf(value, breaks) {
  let level = 0;
  while (level < breaks.length && value >= breaks[level]) level++;
  return level;
}

function streetStyles(zoom) {
  const colours = getComputedStyle(document.documentElement);
  const scale = Math.max(0.75, Math.min(3, 1.35 ** (zoom - 15)));
  const styles = [{ color: colours.getPropertyValue("--street").trim(), weight: 1.1 * scale, opacity: 1 }];
  for (let level = 1; level <= CLASSES; level++) {
    const color = colours.getPropertyValue(`--load-${level}`).trim();
    styles.push({ color, weight: (1.4 + 0.75 * level) * scale, opacity: 1 });
  }
  return styles;
}
