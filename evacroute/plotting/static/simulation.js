"use strict";
// The plan played out: how dense streets get, who waits, how shelters fill. Only in maps with it.

const PLAYED = "density";
const SOMEBODY = 1e-9;
const DENSITY_BREAKS = [SOMEBODY, 0.5, 1, 2, 4];
const DANGER = DENSITY_BREAKS[4];
const DOTS_OVER_TAPE = 17;

class Simulation {
  constructor(data) {
    this.data = data;
    this.meta = data.meta.played;
    this.peak = new Float64Array(data.street_points.length);
    this.peakBin = new Int32Array(data.street_points.length);
    data.played_street.forEach((street, i) => {
      const density = this.density(i);
      if (density <= this.peak[street]) return;
      this.peak[street] = density;
      this.peakBin[street] = data.played_bin[i];
    });
    this.dots = new Dots(data);
    this.tapes = new Map();
  }

  // Of a cell; densities are rounded down, but who is there is somebody.
  density(cell) {
    return this.data.played_density[cell] || SOMEBODY;
  }

  // The plan may go on for longer than the simulation.
  bin(view) {
    return Math.min(view.bin, this.meta.bins - 1);
  }

  fill(value, view) {
    if (view.mode === "whole") {
      value.set(this.peak);
      return;
    }
    const { played_street, played_bin } = this.data;
    const bin = this.bin(view);
    value.fill(0);
    for (let i = 0; i < played_street.length; i++) {
      if (played_bin[i] === bin) value[played_street[i]] = this.density(i);
    }
  }

  draw(map, streets) {
    Object.assign(this, { map, streets });
    this.pane = map.createPane("danger");
    this.pane.style.pointerEvents = "none";
    this.renderer = L.canvas({ pane: "danger", padding: 0.4 });
    this.dots.draw(map);
    this.restyle();
    // The lines under the map grow and shrink, and the map with them.
    new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(map.getContainer());
  }

  // After the streets have their colours: tape over those that are dangerously full.
  warn(view) {
    const wanted = new Set();
    if (view.measure === PLAYED) this.streets.value.forEach((density, street) => density >= DANGER && wanted.add(street));
    this.dangerous = wanted.size;
    for (const [street, tape] of this.tapes) if (!wanted.has(street)) tape.remove();
    for (const street of wanted) this.tape(street).addTo(this.map);
  }

  tape(street) {
    if (!this.tapes.has(street)) {
      const points = this.streets.points(2 * street);
      const options = { pane: "danger", renderer: this.renderer, interactive: false, smoothFactor: 1.2, lineCap: "square" };
      const lines = tapeStyles(this.map.getZoom()).map((style) => L.polyline(points, { ...options, ...style }));
      this.tapes.set(street, L.layerGroup(lines));
    }
    return this.tapes.get(street);
  }

  restyle() {
    const styles = tapeStyles(this.map.getZoom());
    // On a small scale dots would hide it; on a large one there is room for both.
    this.pane.style.zIndex = this.map.getZoom() < DOTS_OVER_TAPE ? 460 : 420;
    for (const tape of this.tapes.values()) tape.getLayers().forEach((line, i) => line.setStyle(styles[i]));
    this.dots.restyle();
  }

  // The legend's title, the words of its colours and of none, and more lines: [mark, words].
  legendWords(view, breaks, span) {
    const more = [];
    if (this.dots.count && view.mode === "moment") {
      more.push(["dot-mark", `on the way: one of ${count(this.dots.count)} parties followed`]);
      more.push(["dot-mark unsafe-mark", "the same, not safe in time"]);
    }
    return {
      title: `Simulated persons/m², ${view.mode === "whole" ? "at the fullest time" : `in this ${span}`}`,
      words: ["below 0.5", "0.5 to 1", "1 to 2", "2 to 4", `4 and more: dangerous (${count(this.dangerous, "street")})`],
      nobody: "nobody",
      more,
    };
  }

  // Persons in a shelter at the end of a moment, or of all.
  sheltered(shelter, view) {
    const bin = view.mode === "whole" ? this.meta.bins - 1 : this.bin(view);
    return this.data.played_sheltered[shelter * this.meta.bins + bin];
  }

  // Lines of a shelter's explanation.
  shelterFacts(shelter, view) {
    const inside = (mode) => count(this.sheltered(shelter, { ...view, mode }));
    const away = this.data.played_turned_away[shelter];
    const now = view.mode === "moment" ? `${inside("moment")} at minute ${this.streets.minute(this.bin(view) + 1)}, ` : "";
    return [
      ["Simulated", `${now}${inside("whole")} at the end`],
      ["Turned away", `${away ? count(away, "person") : "nobody"} (simulated)`],
    ];
  }

  // Lines of a street's explanation.
  streetFacts(street) {
    const rows = this.rows(street);
    if (!rows.length) return [["Simulated", "nobody comes here"]];
    const peak = this.peak[street];
    const danger = peak >= DANGER ? `, dangerous (${DANGER} and more)` : "";
    const most = rows.reduce((best, row) => (row.waiting > best.waiting ? row : best));
    const view = this.streets.view;
    const now = rows.find((row) => row.bin === this.bin(view));
    return [
      ["Simulated", peak > 0 ? `up to ${densityText(peak)} persons/m² in minute ${this.span(this.peakBin[street])}${danger}` : null],
      ["Waiting", most.waiting ? `up to ${count(most.waiting, "person")} at its ends in minute ${this.span(most.bin)}` : "nobody (simulated)"],
      ["This minute", view.mode === "moment" ? (now ? `${densityText(now.density)} persons/m², ${count(now.waiting)} waiting` : "nobody (simulated)") : null],
    ];
  }

  span(bin) {
    return `${this.streets.minute(bin)} to ${this.streets.minute(bin + 1)}`;
  }

  // Density and waiting of a street in each bin that has any.
  rows(street) {
    const d = this.data;
    const rows = new Map();
    const row = (bin) => rows.get(bin) || rows.set(bin, { bin, density: 0, waiting: 0 }).get(bin);
    d.played_street.forEach((one, i) => {
      if (one === street) row(d.played_bin[i]).density = this.density(i);
    });
    d.waiting_street.forEach((one, i) => {
      if (one === street) row(d.waiting_bin[i]).waiting = d.waiting_persons[i];
    });
    return [...rows.values()].sort((a, b) => a.bin - b.bin);
  }

  streetTable(street) {
    const rows = this.rows(street).map(({ bin, density, waiting }) => [
      this.span(bin),
      element("span", {}, priceBar(density, Math.max(DANGER, this.peak[street])), densityText(density)),
      waiting ? count(waiting) : "",
    ]);
    if (!rows.length) return null;
    return element(
      "details", { open: "" },
      element("summary", {}, "Simulated over time"),
      element("div", { class: "price-table" }, table(["Minute", "Persons/m²", "Waiting"], rows, "Mean of each minute, both directions"))
    );
  }

  // The line under the clock.
  figures({ mode, bin }) {
    if (mode === "whole") {
      const parts = this.meta.states.filter(([name, persons]) => persons || name === "safe" || name === "late");
      return `Simulated: ${parts.map(([name, persons]) => `${count(persons)} ${name}`).join(", ")}`;
    }
    const { played_safe, played_late, played_out } = this.data;
    const at = this.bin({ bin });
    const way = played_out[at] - played_safe[at] - played_late[at];
    const over = bin > at && way ? ` (played until minute ${Math.round(this.meta.end_s / 60)})` : "";
    return (
      `Simulated: ${count(played_safe[at])} safe so far, ${count(way)} on the way, ${count(played_late[at])} late, ` +
      `${count(this.meta.going - played_out[at])} not yet left${over}`
    );
  }

  summary() {
    const crowded = this.peak.reduce((sum, density) => sum + (density >= DANGER), 0);
    const away = this.data.played_turned_away.reduce((sum, persons) => sum + persons, 0);
    return element(
      "div", {},
      element("h2", {}, "Played out"),
      facts([
        ...this.meta.facts,
        ...this.meta.states.filter(([name, persons]) => persons || name === "safe").map(([name, persons]) => [name[0].toUpperCase() + name.slice(1), count(persons, "person")]),
        ["Turned away", away ? `${count(away, "time")} somebody found a shelter full` : "nobody"],
        ["Dangerous", `${count(crowded, "street")} with ${DANGER} persons/m² and more at some time`],
      ])
    );
  }
}

function densityText(density) {
  return density < 0.1 ? "< 0.1" : (Math.floor(density * 10) / 10).toFixed(1);
}

// Black tape with yellow squares: told apart by form, and by light and dark. Broad enough, and with
// ends that stand out, for the shortest bridge to be seen on the smallest scale.
function tapeStyles(zoom) {
  const weight = Math.max(7, streetStyles(zoom)[CLASSES].weight * 1.35);
  const square = weight * 0.65;
  return [
    { color: "#111111", weight },
    { color: "#ffd60a", weight: square, dashArray: `0.1 ${(square * 1.7).toFixed(1)}` },
  ];
}
