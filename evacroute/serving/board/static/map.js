// The map: streets once on a canvas of their own, closed ones and shelters above them.
import { fullness } from "./table.js";

export class StreetMap {
  constructor(canvas, data, chosen) {
    this.canvas = canvas;
    this.data = data;
    this.streets = data.streets.map(([name, points, ids]) => {
      const at = [];
      let x = 0, y = 0;
      for (let i = 0; i < points.length; i += 2) {
        x += points[i];
        y += points[i + 1];
        at.push([x, y]);
      }
      return { name: data.names[name], ids, at };
    });
    this.closed = new Set();
    this.shelters = [];
    this.picked = null;
    canvas.addEventListener("click", (event) => this.pick(event, chosen));
    new ResizeObserver(() => this.fit()).observe(canvas);
    this.fit();
  }

  fit() {
    const scale = window.devicePixelRatio || 1;
    const { clientWidth: w, clientHeight: h } = this.canvas;
    if (!w || !h) return;
    this.canvas.width = w * scale;
    this.canvas.height = h * scale;
    const [x0, y0, x1, y1] = this.data.bounds;
    const squeeze = Math.cos(((y0 + y1) / 2) * this.data.unit * (Math.PI / 180));
    const k = Math.min((w - 16) / ((x1 - x0) * squeeze), (h - 16) / (y1 - y0));
    const left = (w - (x1 - x0) * squeeze * k) / 2, top = (h - (y1 - y0) * k) / 2;
    this.at = ([x, y]) => [left + (x - x0) * squeeze * k, top + (y1 - y) * k];
    this.scale = scale;
    this.ground = document.createElement("canvas");
    this.ground.width = this.canvas.width;
    this.ground.height = this.canvas.height;
    const pen = this.ground.getContext("2d");
    pen.scale(scale, scale);
    pen.strokeStyle = "#53626f";
    pen.lineWidth = 0.7;
    pen.beginPath();
    for (const street of this.streets) this.trace(pen, street.at);
    pen.stroke();
    this.draw();
  }

  trace(pen, at) {
    at.forEach((point, i) => (i ? pen.lineTo(...this.at(point)) : pen.moveTo(...this.at(point))));
  }

  show(ids, shelters) {
    this.closed = new Set(ids);
    this.shelters = shelters;
    this.draw();
  }

  draw() {
    if (!this.ground) return;
    const pen = this.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.drawImage(this.ground, 0, 0);
    pen.scale(this.scale, this.scale);
    const lines = (streets, colour, width) => {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.lineCap = "round";
      pen.beginPath();
      for (const one of streets) this.trace(pen, one.at);
      pen.stroke();
    };
    if (this.picked) lines(this.picked, "#6cb6ff", 3);
    const by = new Map(this.shelters.map((s) => [s.id, s]));
    for (const place of this.data.shelters) {
      const s = by.get(place.id), share = s ? fullness(s) : 0, [x, y] = this.at(place.at);
      pen.beginPath();
      pen.arc(x, y, 5, 0, 7);
      pen.fillStyle = "#0e1318";
      pen.fill();
      pen.strokeStyle = s?.is_closed ? "#ff5a4d" : "#57d19b";
      pen.lineWidth = 1.5;
      pen.stroke();
      pen.beginPath();
      pen.moveTo(x, y);
      pen.arc(x, y, 5, -Math.PI / 2, -Math.PI / 2 + Math.min(1, share) * 2 * Math.PI);
      pen.fillStyle = share >= 0.97 ? "#ff8a80" : share >= 0.8 ? "#ffb648" : "#57d19b";
      pen.fill();
    }
    const shut = this.streets.filter((one) => one.ids.some((id) => this.closed.has(id)));
    lines(shut, "#ff5a4d", 4);
    pen.fillStyle = "#ff5a4d";
    for (const one of shut) {
      const [x, y] = this.at(one.at[Math.floor(one.at.length / 2)]);
      pen.fillRect(x - 3, y - 3, 6, 6);
    }
    return shut.length;
  }

  pick(event, chosen) {
    const box = this.canvas.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    let best = null, least = 12 * 12;
    for (const street of this.streets) {
      for (let i = 1; i < street.at.length; i++) {
        const d = apart(x, y, this.at(street.at[i - 1]), this.at(street.at[i]));
        // A name says more than a number where both are as near.
        if (d < (street.name ? least + 4 : least)) [best, least] = [street, d];
      }
    }
    if (!best) return;
    this.picked = best.name ? this.streets.filter((one) => one.name === best.name) : [best];
    this.draw();
    chosen(best.name || best.ids[0]);
  }
}

function apart(x, y, [ax, ay], [bx, by]) {
  const dx = bx - ax, dy = by - ay, long = dx * dx + dy * dy;
  const t = long ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / long)) : 0;
  return (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2;
}
