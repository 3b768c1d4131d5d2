"use strict";
// The plain parts of the map with what was played out beside them. Only in maps with a simulation.

const SPEEDS = [10, 30, 60, 120, 300];
const LONGEST_FRAME = 0.25;

// What to make the map of instead of the plain parts.
function playedParts(data) {
  const simulation = (data.simulation = new Simulation(data));
  // Before the map takes its first measure: it is smaller with these.
  simulation.inputs = addInputs();
  return {
    Streets: PlayedStreets,
    Shelters: PlayedShelters,
    Controls: PlayedControls,
    legendWords: (view, ...rest) => (view.measure === PLAYED ? simulation.legendWords(view, ...rest) : legendWords(view, ...rest)),
  };
}

function addInputs() {
  const inputs = {
    output: element("output", { id: "played", for: "moment" }),
    running: element("span", { id: "running", "aria-hidden": "true" }),
    speed: element("select", { id: "speed" }, ...SPEEDS.map((speed) => element("option", { value: speed }, `${speed} × real time`))),
    measure: document.getElementById("measure"),
    sources: ["plan", "played"].map((value) => element("input", { type: "radio", name: "source", value })),
  };
  inputs.speed.value = 60;
  inputs.speedLabel = element("label", {}, "Speed ", inputs.speed, " ", inputs.running);
  const [plan, played] = inputs.sources;
  const choice = element("fieldset", {}, element("legend", {}, "People"), element("label", {}, plan, " As planned"), element("label", {}, played, " Played out"));
  document.querySelector("#time .choices").prepend(choice, inputs.speedLabel);
  document.getElementById("clock").after(inputs.output);
  return inputs;
}

class PlayedStreets extends Streets {
  draw(map) {
    super.draw(map);
    this.data.simulation.draw(map, this);
  }

  colour(view) {
    if (view.measure === PLAYED) {
      this.view = view;
      this.data.simulation.fill(this.value, view);
      this.apply(false);
    } else super.colour(view);
    this.data.simulation.warn(view);
  }

  restyle() {
    super.restyle();
    this.data.simulation.restyle();
  }

  currentBreaks() {
    return this.view.measure === PLAYED ? DENSITY_BREAKS : super.currentBreaks();
  }

  explanation(street) {
    const made = super.explanation(street);
    made.querySelector("dl").append(...facts(this.data.simulation.streetFacts(street)).children);
    made.append(this.data.simulation.streetTable(street) || "");
    return made;
  }
}

class PlayedShelters extends Shelters {
  share(shelter, view) {
    if (view.measure !== PLAYED) return super.share(shelter, view);
    const room = this.data.shelter_capacity[shelter];
    return room > 0 ? this.data.simulation.sheltered(shelter, view) / room : 0;
  }

  explanation(shelter) {
    const made = super.explanation(shelter);
    made.querySelector("dl").append(...facts(this.data.simulation.shelterFacts(shelter, this.view)).children);
    return made;
  }
}

// The controls of a map with a simulation: what was planned or played out, and a clock that runs.
class PlayedControls extends Controls {
  constructor(data, changed) {
    super(data, changed);
    Object.assign(this, { ...data.simulation.inputs, simulation: data.simulation, at: 0, planned: ", as planned" });
    document.getElementById("summary").append(this.simulation.summary());
    for (const radio of this.sources) {
      radio.addEventListener("change", () => {
        this.stop();
        this.set({ measure: radio.value === "plan" ? this.measure.value : PLAYED });
      });
    }
    this.playedCurve();
  }

  // How many are safe in the simulation, as a line over the plan's area.
  playedCurve() {
    const { meta, played_safe } = this.data;
    const points = Array.from(played_safe, (safe, bin) =>
      `${(100 * bin) / Math.max(1, meta.bins - 1)},${20 - (19 * safe) / Math.max(1, meta.persons)}`);
    const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
    line.setAttribute("points", points.join(" "));
    document.getElementById("curve").append(line);
  }

  get played() {
    return this.view.measure === PLAYED;
  }

  get time() {
    return this.at;
  }

  set(change) {
    if ("bin" in change && !this.ticking) this.at = (change.bin + 1) * this.data.meta.bin_s;
    super.set(change);
    this.simulation.dots.moveTo(this.played && this.view.mode === "moment" ? this.at : null);
  }

  say() {
    super.say();
    this.output.textContent = this.simulation.figures(this.view);
    // The plan's own figures stand below those of the run.
    const head = document.getElementById("in-short");
    if (head) head.textContent = this.played ? "As planned" : "In short";
    for (const radio of this.sources) radio.checked = (radio.value === "played") === this.played;
    this.speedLabel.hidden = !this.played;
    this.measure.parentNode.hidden = this.played;
    this.tell();
  }

  tell() {
    this.running.textContent = this.view.mode === "moment" ? clock(this.at) : "";
  }

  play() {
    if (!this.played) return super.play();
    const end = this.data.meta.bins * this.data.meta.bin_s;
    if (this.at >= end) this.at = 0;
    this.playButton.textContent = "Pause";
    this.playButton.setAttribute("aria-pressed", "true");
    // No timer has this number: time goes by the frames of the screen.
    this.timer = -1;
    let before = performance.now();
    const frame = (now) => {
      this.frame = requestAnimationFrame(frame);
      // After a pause, such as a tab out of sight, time goes on where it was.
      this.tick(Math.min(LONGEST_FRAME, (now - before) / 1000) * Number(this.speed.value), end);
      before = now;
    };
    this.frame = requestAnimationFrame(frame);
  }

  tick(seconds, end) {
    const { bin_s, bins } = this.data.meta;
    this.at = Math.min(end, this.at + Math.max(0, seconds));
    const bin = Math.min(bins - 1, Math.floor(this.at / bin_s));
    if (bin !== this.view.bin || this.view.mode === "whole") {
      this.ticking = true;
      this.set({ mode: "moment", bin });
      this.ticking = false;
    } else {
      this.simulation.dots.moveTo(this.at);
      this.tell();
    }
    if (this.at >= end) this.stop();
  }

  stop() {
    cancelAnimationFrame(this.frame);
    super.stop();
  }
}
