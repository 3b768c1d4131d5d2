"use strict";
// What hazards do: which streets are closed or slower, to whom and when. Only in maps that have any.

const OPEN = 0, SLOWER = 1, SOME = 2, SHUT = 3;
const HAZARD_WORDS = {
  [SHUT]: "closed to everyone",
  [SOME]: "closed to some only",
  [SLOWER]: "slower",
};

class Hazards {
  constructor(data, streets) {
    this.data = data;
    this.streets = streets;
    this.classes = data.class_id.length;
    this.start = startsOf(data.hazard_stretches);
    this.kind = Array.from({ length: data.hazard_factor.length / this.classes }, (_, set) => this.kindOf(set));
    this.rows = new Map();
    data.hazard_street.forEach((street, row) => {
      if (!this.rows.has(street)) this.rows.set(street, []);
      this.rows.get(street).push(row);
    });
    this.layers = new Map();
    this.shown = new Map();
    this.visible = true;
  }

  factors(set) {
    return Array.from(this.data.hazard_factor.subarray(set * this.classes, (set + 1) * this.classes));
  }

  kindOf(set) {
    const factors = this.factors(set);
    if (factors.every((factor) => factor === 0)) return SHUT;
    if (factors.some((factor) => factor === 0)) return SOME;
    return factors.some((factor) => factor < 0.999) ? SLOWER : OPEN;
  }

  // The worst of a street from a time up to another, over both directions.
  worst(street, from, to) {
    let worst = OPEN;
    for (const row of this.rows.get(street)) {
      for (let i = this.start[row]; i < this.start[row + 1]; i++) {
        const end = i + 1 < this.start[row + 1] ? this.data.hazard_begin[i + 1] : Infinity;
        if (this.data.hazard_begin[i] < to && end > from) worst = Math.max(worst, this.kind[this.data.hazard_set[i]]);
      }
    }
    return worst;
  }

  draw(map) {
    this.map = map;
    const pane = map.createPane("hazards");
    // Under the streets: marks stand out beside the load, and never hide it.
    pane.style.zIndex = 390;
    pane.style.pointerEvents = "none";
    const renderer = L.canvas({ pane: "hazards", padding: 0.4 });
    for (const street of this.rows.keys()) {
      const line = L.polyline(this.streets.points(2 * street), {
        pane: "hazards", renderer, interactive: false, smoothFactor: 1.2, stroke: false, lineCap: "butt",
      });
      this.layers.set(street, line.addTo(map));
    }
    const box = element("input", { type: "checkbox", id: "show-hazards", checked: "" });
    document.querySelector("#time .choices").append(element("label", {}, box, " Closed and slower streets"));
    box.addEventListener("change", () => {
      this.visible = box.checked;
      this.colour(this.view);
    });
    map.on("zoomend", () => this.apply(true));
  }

  // Mark what is closed or slower at the moment of `view`, or at any time on the slider.
  colour(view) {
    this.view = view;
    this.apply(false);
  }

  apply(all) {
    const { bin, mode } = this.view;
    const step = this.data.meta.bin_s;
    const [from, to] = mode === "whole" ? [0, this.data.meta.bins * step] : [bin * step, (bin + 1) * step];
    const styles = hazardStyles(this.map.getZoom());
    this.count = { [SLOWER]: 0, [SOME]: 0, [SHUT]: 0 };
    for (const [street, line] of this.layers) {
      const kind = this.worst(street, from, to);
      if (kind) this.count[kind]++;
      const shown = this.visible ? kind : OPEN;
      if (!all && this.shown.get(street) === shown) continue;
      this.shown.set(street, shown);
      line.setStyle(styles[shown]);
    }
  }

  // Entries of the legend, worst first: [class of the mark, words].
  legend(view) {
    const when = view.mode === "whole" ? "at some time " : "";
    return [SHUT, SOME, SLOWER].map((kind) => [
      `hazard-${kind}`, `${when}${HAZARD_WORDS[kind]}: ${count(this.count[kind], "street")}`,
    ]);
  }

  // Lines of a street's explanation: when it is closed to whom, and when it is slower.
  facts(street) {
    const lines = (this.rows.get(street) || []).flatMap((row) => this.stretches(row));
    const list = (texts) => texts.length ? element("ul", { class: "hazard-list" }, ...texts.map((text) => element("li", {}, text))) : null;
    return [
      ["Closed", list(lines.filter(([kind]) => kind >= SOME).map(([, text]) => text))],
      ["Slower", list(lines.filter(([kind]) => kind === SLOWER).map(([, text]) => text))],
    ];
  }

  // [kind, words] of each stretch of a row; neighbours that say the same are one.
  stretches(row) {
    const { hazard_begin, hazard_set, hazard_street, hazard_way, street_id, street_id_back } = this.data;
    const link = [null, street_id, street_id_back][hazard_way[row]];
    const only = link ? `link ${link[hazard_street[row]]}: ` : "";
    const found = [];
    for (let i = this.start[row]; i < this.start[row + 1]; i++) {
      const kind = this.kind[hazard_set[i]];
      if (kind === OPEN) continue;
      const factors = this.factors(hazard_set[i]);
      const what = kind === SHUT ? "to everyone" : kind === SOME ? `to ${this.whom(factors)}` : paceText(factors);
      const to = i + 1 === this.start[row + 1] ? null : hazard_begin[i + 1];
      const before = found[found.length - 1];
      if (before && before.what === what && before.to === hazard_begin[i]) before.to = to;
      else found.push({ kind, what, from: hazard_begin[i], to });
    }
    return found.map(({ kind, what, from, to }) => [kind, `${only}${what} ${timeSpan(from, to)}`]);
  }

  whom(factors) {
    const { class_id, class_step_free } = this.data;
    const shut = factors.map((factor) => factor === 0);
    if (shut.every((is, i) => is === Boolean(class_step_free[i]))) return "those who can't use steps";
    const named = (wanted) => class_id.filter((_, i) => shut[i] === wanted).join(", ");
    const few = shut.filter(Boolean).length <= this.classes / 2;
    return few ? named(true) : `all but ${named(false)}`;
  }
}

function paceText(factors) {
  const least = Math.min(...factors);
  const most = Math.max(...factors);
  return least === most ? `${percent(least)} of the pace` : `${percent(least)} to ${percent(most)} of the pace`;
}

function timeSpan(from, to) {
  const minute = (time) => String(Math.round(time / 6) / 10);
  if (to === null) return from === 0 ? "all the time" : `from minute ${minute(from)} on`;
  return from === 0 ? `until minute ${minute(to)}` : `from minute ${minute(from)} to ${minute(to)}`;
}

// Told apart by form alone: dense ticks, sparse ticks, a band; all broader than the fullest street.
function hazardStyles(zoom) {
  const colours = getComputedStyle(document.documentElement);
  const colour = (kind) => colours.getPropertyValue(`--hazard-${kind}`).trim();
  const scale = Math.max(0.45, Math.min(2, 1.3 ** (zoom - 16)));
  const dash = (...lengths) => lengths.map((length) => (length * scale).toFixed(1)).join(" ");
  const broad = (more) => streetStyles(zoom)[CLASSES].weight + more * scale;
  return {
    [OPEN]: { stroke: false },
    [SLOWER]: { stroke: true, color: colour(SLOWER), weight: broad(4), dashArray: null, opacity: 0.4 },
    [SOME]: { stroke: true, color: colour(SOME), weight: broad(7), dashArray: dash(2, 8), opacity: 1 },
    [SHUT]: { stroke: true, color: colour(SHUT), weight: broad(7), dashArray: dash(3, 2), opacity: 1 },
  };
}
