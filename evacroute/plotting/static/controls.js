"use strict";
// The time slider, what is shown, and the legend.

const PLAY_MILLISECONDS = 350;

class Controls {
  // `changed` is called with {mode, measure, bin} on every change.
  constructor(data, changed) {
    this.data = data;
    this.changed = changed;
    this.view = { mode: "whole", measure: "persons", bin: 0 };
    this.slider = document.getElementById("moment");
    this.slider.max = data.meta.bins - 1;
    this.playButton = document.getElementById("play");
    if (!data.meta.priced) document.getElementById("by-price").remove();
    this.curve();
    this.slider.addEventListener("input", () => this.set({ mode: "moment", bin: Number(this.slider.value) }));
    this.playButton.addEventListener("click", () => (this.timer ? this.stop() : this.play()));
    document.getElementById("measure").addEventListener("change", (event) => this.set({ measure: event.target.value }));
    for (const radio of document.getElementsByName("mode")) {
      radio.addEventListener("change", () => this.set({ mode: radio.value }));
    }
  }

  set(change) {
    Object.assign(this.view, change);
    if (this.view.mode === "whole") this.stop();
    this.slider.value = this.view.bin;
    for (const radio of document.getElementsByName("mode")) radio.checked = radio.value === this.view.mode;
    this.say();
    this.changed(this.view);
  }

  // The end of the moment shown [s after the alarm].
  get time() {
    return (this.view.bin + 1) * this.data.meta.bin_s;
  }

  play() {
    if (this.view.bin >= this.data.meta.bins - 1) this.view.bin = -1;
    this.playButton.textContent = "Pause";
    this.playButton.setAttribute("aria-pressed", "true");
    const step = () => {
      if (this.view.bin >= this.data.meta.bins - 1) this.stop();
      else this.set({ mode: "moment", bin: this.view.bin + 1 });
    };
    this.timer = setInterval(step, PLAY_MILLISECONDS);
    step();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.playButton.textContent = "Play";
    this.playButton.setAttribute("aria-pressed", "false");
  }

  // Persons safe and departed by the end of each bin; the curve behind the slider is the safe ones.
  curve() {
    const { movement_arrive, movement_depart, movement_size, meta } = this.data;
    this.safe = cumulative(movement_arrive, movement_size, meta);
    this.departed = cumulative(movement_depart, movement_size, meta);
    const width = Math.max(1, meta.bins - 1);
    const all = Math.max(1, meta.persons);
    const points = Array.from(this.safe, (safe, bin) => `${(100 * bin) / width},${20 - (19 * safe) / all}`);
    const shape = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
    shape.setAttribute("points", `0,20 ${points.join(" ")} 100,20`);
    document.getElementById("curve").append(shape);
  }

  say() {
    const { bin, mode } = this.view;
    const { bin_s, bins, persons, left } = this.data.meta;
    const from = (bin * bin_s) / 60;
    const to = from + bin_s / 60;
    const text = mode === "whole"
      ? `Whole evacuation: ${count((bins * bin_s) / 60, "minute")}`
      : `Minute ${from} to ${to} after the alarm${this.planned || ""}: ${count(this.safe[bin])} safe, ` +
        `${count(this.departed[bin] - this.safe[bin])} on the way, ` +
        `${count(persons - left - this.departed[bin])} not yet left`;
    document.getElementById("clock").textContent = text + this.tide();
    this.slider.setAttribute("aria-valuetext", `minute ${from} to ${to}`);
  }

  // The water's level over the tide datum at the end of the moment shown, or its range over all.
  tide() {
    const { tide, bin_s } = this.data.meta;
    if (!tide) return "";
    if (this.view.mode === "whole") {
      const [low, high] = [Math.min(...tide), Math.max(...tide)].map(metres);
      return low === high ? `; tide ${low}` : `; tide ${low} to ${high}`;
    }
    const [before, now] = tide.slice(this.view.bin, this.view.bin + 2);
    const trend = now > before ? ", rising" : now < before ? ", falling" : "";
    return `; tide at minute ${((this.view.bin + 1) * bin_s) / 60}: ${metres(now)}${trend}`;
  }
}

function metres(level) {
  return `${level.toFixed(2)} m`;
}

function cumulative(times, sizes, { bins, bin_s }) {
  const sums = new Float64Array(bins);
  for (let i = 0; i < times.length; i++) sums[Math.min(bins - 1, Math.floor(times[i] / bin_s))] += sizes[i];
  for (let bin = 1; bin < bins; bin++) sums[bin] += sums[bin - 1];
  return sums;
}

// The legend, as a Leaflet control; `update` rewrites it for a view, with what `wordsOf` gives.
function makeLegend(map, wordsOf) {
  const holder = element("details", { class: "legend", open: "" });
  const control = L.control({ position: "topright" });
  control.onAdd = () => {
    L.DomEvent.disableClickPropagation(holder).disableScrollPropagation(holder);
    return holder;
  };
  control.addTo(map);
  // Where the map is small the legend is a button, and anything else that is touched closes it.
  const small = window.matchMedia("(max-width: 45rem), (max-height: 32rem)");
  const fit = () => (holder.open = !small.matches);
  fit();
  small.addEventListener("change", fit);
  map.on("click movestart zoomstart", () => small.matches && (holder.open = false));
  return {
    update(view, breaks, minutes, hazards = []) {
      const swatch = (level) => element("span", { class: `swatch level-${level}`, "aria-hidden": "true" });
      const span = minutes === 1 ? "minute" : `${minutes} minutes`;
      const { title, words, nobody, more = [] } = wordsOf(view, breaks, span);
      const line = (mark, text) => element("li", {}, mark, text);
      const symbol = (name) => element("span", { class: `symbol ${name}`, "aria-hidden": "true" });
      holder.replaceChildren(
        element("summary", {}, "Legend"),
        element("p", {}, title),
        element("ul", { class: view.measure },
          ...words.map((text, i) => line(swatch(i + 1), text)).reverse(),
          line(swatch(0), nobody),
          ...more.map(([mark, text]) => line(symbol(mark), text)),
          ...hazards.map(([mark, text]) => line(element("span", { class: `hazard-mark ${mark}`, "aria-hidden": "true" }), text)),
          line(symbol("shelter-part"), "shelter: ring its room, disc the share filled"),
          line(symbol("shelter-full"), "shelter, full"),
          line(symbol("stranded-mark"), "people without a shelter"),
          line(symbol("route-mark"), "the way you searched for")
        )
      );
    },
  };
}

// The title, and the words of each colour and of none.
function legendWords(view, breaks, span) {
  const share = view.measure === "share";
  const price = view.measure === "price";
  const number = (value) => (share ? percent(value) : count(value));
  const title = {
    persons: { whole: "Persons in all", moment: `Persons in the street in this ${span}` },
    share: { whole: `Capacity used in the fullest ${span}`, moment: `Capacity used in this ${span}` },
    price: {
      whole: "Seconds that one more person costs the others, at most",
      moment: `Seconds that one more person costs the others in this ${span}`,
    },
  }[view.measure][view.mode];
  const words = breaks.map((low, i) => {
    const least = share && i === 0 ? "more than 0" : number(low);
    if (i === breaks.length - 1) return `${least} and more`;
    return share || price ? `${least} to ${number(breaks[i + 1])}` : rangeText(low, breaks[i + 1] - 1);
  });
  return { title, words, nobody: price ? "less than 1 s" : "nobody" };
}

function rangeText(low, high) {
  return low === high ? count(low) : `${count(low)} to ${count(high)}`;
}
