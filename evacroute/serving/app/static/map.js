// The map under fingers, mouse and keys; drawing is in paint.js.

import { paint, tiles } from "./paint.js";

const CLOSEST = 6;
const STEP = 80;

export class MapView {
  // `onPick` hears of a tapped place, as [lon, lat].
  constructor(pad, canvas, onPick) {
    this.pad = pad;
    this.canvas = canvas;
    this.onPick = onPick;
    this.picks = true;
    this.view = { x: 0, y: 0, scale: 0.1 };
    this.scene = { drawn: [], city: null, route: null, chosen: null, point: null, me: null };
    this.fingers = new Map();
    this.moved = false;
    pad.addEventListener("pointerdown", (event) => this.down(event));
    pad.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      pad.addEventListener(end, (event) => this.up(event));
    }
    pad.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    pad.addEventListener("keydown", (event) => this.key(event));
    pad.addEventListener("focus", () => this.draw());
    pad.addEventListener("blur", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(pad);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  set(changes) {
    Object.assign(this.scene, changes);
    this.draw();
  }

  setCity(city) {
    this.set({ city, drawn: tiles(city) });
    this.fit([[-city.east, -city.south], [city.east, city.south]], 0.05);
  }

  // Show a place, no farther away than streets can be told apart.
  look([x, y], scale = 1.2) {
    this.view = { x, y, scale: Math.max(this.view.scale, scale) };
    this.draw();
  }

  // Show all of some places, with a margin that is a share of the map.
  fit(points, margin = 0.2) {
    const [width, height] = [this.pad.clientWidth || 300, this.pad.clientHeight || 200];
    const [xs, ys] = [points.map((one) => one[0]), points.map((one) => one[1])];
    const [west, east] = [Math.min(...xs), Math.max(...xs)];
    const [north, south] = [Math.min(...ys), Math.max(...ys)];
    const room = 1 - 2 * margin;
    const scale = Math.min((width * room) / (east - west + 1), (height * room) / (south - north + 1));
    this.view = { x: (west + east) / 2, y: (north + south) / 2, scale: this.limited(scale, 2) };
    this.draw();
  }

  draw() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      const font = parseFloat(getComputedStyle(document.documentElement).fontSize);
      const aim = this.picks && this.pad.matches(":focus-visible");
      paint(this.canvas, { ...this.scene, view: this.view, aim, font });
    });
  }

  limited(scale, closest = CLOSEST) {
    const { city } = this.scene;
    const width = Math.max(100, this.pad.clientWidth);
    const farthest = city ? (0.5 * width) / (2 * Math.max(city.east, city.south)) : 0.01;
    return Math.min(closest, Math.max(farthest, scale));
  }

  // The point of the city under a point of the pad.
  under(x, y) {
    const [dx, dy] = [x - this.pad.clientWidth / 2, y - this.pad.clientHeight / 2];
    return [this.view.x + dx / this.view.scale, this.view.y + dy / this.view.scale];
  }

  pan(dx, dy) {
    const { city } = this.scene;
    const { x, y, scale } = this.view;
    const within = (value, most) => (city ? Math.min(most, Math.max(-most, value)) : value);
    this.view = {
      x: within(x - dx / scale, city?.east),
      y: within(y - dy / scale, city?.south),
      scale,
    };
    this.draw();
  }

  // Zoom so that what is under a point of the pad stays there.
  zoom(factor, x = this.pad.clientWidth / 2, y = this.pad.clientHeight / 2) {
    const [wx, wy] = this.under(x, y);
    const scale = this.limited(this.view.scale * factor);
    const share = this.view.scale / scale;
    this.view = { x: wx + (this.view.x - wx) * share, y: wy + (this.view.y - wy) * share, scale };
    this.draw();
  }

  pick(x, y) {
    const { city } = this.scene;
    if (!city) return;
    const at = this.under(x, y);
    // A tap near the edge moves the map on: nobody has to drag.
    const [width, height] = [this.pad.clientWidth, this.pad.clientHeight];
    const isOut = Math.min(x / width, 1 - x / width, y / height, 1 - y / height) < 0.2;
    if (isOut) this.pan(width / 2 - x, height / 2 - y);
    if (this.picks) this.onPick(city.degrees(at));
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  down(event) {
    if (!this.fingers.size) this.moved = false;
    else this.moved = true;
    this.fingers.set(event.pointerId, this.at(event));
    this.begin = this.at(event);
    this.pad.setPointerCapture(event.pointerId);
  }

  move(event) {
    const old = this.fingers.get(event.pointerId);
    if (!old) return;
    const now = this.at(event);
    if (Math.hypot(now[0] - this.begin[0], now[1] - this.begin[1]) > 8) this.moved = true;
    if (!this.moved) return;
    const others = [...this.fingers].filter(([id]) => id !== event.pointerId);
    this.fingers.set(event.pointerId, now);
    if (!others.length) {
      this.pan(now[0] - old[0], now[1] - old[1]);
      return;
    }
    const [, other] = others[0];
    const apart = (one) => Math.max(10, Math.hypot(one[0] - other[0], one[1] - other[1]));
    const [mx, my] = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
    this.pan((now[0] - old[0]) / 2, (now[1] - old[1]) / 2);
    this.zoom(apart(now) / apart(old), mx, my);
  }

  up(event) {
    const was = this.fingers.delete(event.pointerId);
    if (was && event.type === "pointerup" && !this.moved) this.pick(...this.at(event));
  }

  wheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 400), ...this.at(event));
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const moves = {
      ArrowLeft: [STEP, 0],
      ArrowRight: [-STEP, 0],
      ArrowUp: [0, STEP],
      ArrowDown: [0, -STEP],
    };
    const { key } = event;
    if (moves[key]) this.pan(...moves[key]);
    else if (key === "+" || key === "=") this.zoom(1.5);
    else if (key === "-") this.zoom(1 / 1.5);
    else if (key === "Enter" || key === " ") {
      this.pick(this.pad.clientWidth / 2, this.pad.clientHeight / 2);
    } else return;
    event.preventDefault();
  }
}
