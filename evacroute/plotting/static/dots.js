"use strict";
// People whose tracks were kept, as dots that walk. Only in maps with a simulation.

class Dots {
  constructor(data) {
    this.data = data;
    this.count = data.track_route.length;
    this.pointStart = startsOf(data.street_points);
    this.time = null;
    if (this.count) this.unpack();
  }

  // Each track's links with the times between which they are walked.
  unpack() {
    const { track_route, track_link, track_next, track_gap, track_take } = this.data;
    const legs = track_gap.length;
    this.code = new Int32Array(legs);
    this.enter = new Float64Array(legs);
    this.leave = new Float64Array(legs);
    this.start = new Int32Array(this.count + 1);
    let leg = 0;
    for (let track = 0; track < this.count; track++) {
      let time = 0;
      for (let entry = track_route[track]; entry >= 0; entry = track_next[entry], leg++) {
        this.code[leg] = track_link[entry];
        this.enter[leg] = time + track_gap[leg];
        time = this.leave[leg] = this.enter[leg] + track_take[leg];
      }
      this.start[track + 1] = leg;
    }
    this.at = this.start.slice(0, this.count);
  }

  draw(map) {
    this.map = map;
    if (!this.count) return;
    this.measure();
    const pane = map.createPane("dots");
    // Over the streets, under the shelters.
    pane.style.zIndex = 450;
    pane.style.pointerEvents = "none";
    this.canvas = element("canvas", { class: "dots leaflet-zoom-hide", "aria-hidden": "true" });
    this.brush = this.canvas.getContext("2d");
    pane.append(this.canvas);
    map.on("moveend zoomend viewreset resize", () => this.paint());
    this.restyle();
  }

  restyle() {
    const colours = getComputedStyle(document.documentElement);
    [this.colour, this.paper] = ["--dot", "--paper"].map((name) => colours.getPropertyValue(name).trim());
    if (this.canvas) this.paint();
  }

  // Points of all streets on the map at scale 0, and how far along their street they lie.
  measure() {
    const { street_lon, street_lat } = this.data;
    this.x = new Float64Array(street_lon.length);
    this.y = new Float64Array(street_lon.length);
    this.along = new Float64Array(street_lon.length);
    for (let i = 0; i < street_lon.length; i++) {
      const point = this.map.project([street_lat[i], street_lon[i]], 0);
      this.x[i] = point.x;
      this.y[i] = point.y;
    }
    for (let street = 0; street + 1 < this.pointStart.length; street++) {
      for (let i = this.pointStart[street] + 1; i < this.pointStart[street + 1]; i++) {
        this.along[i] = this.along[i - 1] + Math.hypot(this.x[i] - this.x[i - 1], this.y[i] - this.y[i - 1]);
      }
    }
  }

  // Show everyone where they are at `time`, or nobody at null.
  moveTo(time) {
    this.time = time;
    if (this.canvas) this.paint();
  }

  // The leg that a track is on: the last one entered; -1 before the first and after the end.
  legOf(track, time) {
    const [first, end] = [this.start[track], this.start[track + 1]];
    if (time < this.enter[first] || time >= this.data.track_until[track]) return -1;
    let leg = this.at[track];
    // Time mostly goes on a little, so the leg is near the one of before.
    if (time < this.enter[leg]) leg = first;
    while (leg + 1 < end && this.enter[leg + 1] <= time) leg++;
    this.at[track] = leg;
    return leg;
  }

  // Where on a leg: the point before, and the share of the way to the next one.
  place(leg, time) {
    const took = this.leave[leg] - this.enter[leg];
    const share = took > 0 ? Math.min(1, (time - this.enter[leg]) / took) : 1;
    const street = this.code[leg] >> 1;
    const last = this.pointStart[street + 1] - 1;
    const wanted = (this.code[leg] & 1 ? 1 - share : share) * this.along[last];
    let i = this.pointStart[street];
    while (i + 1 < last && this.along[i + 1] < wanted) i++;
    const piece = this.along[i + 1] - this.along[i];
    return [i, piece > 0 ? (wanted - this.along[i]) / piece : 0];
  }

  fit() {
    const size = this.map.getSize();
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(size.x * ratio), Math.round(size.y * ratio)];
    if (this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, { width, height });
      Object.assign(this.canvas.style, { width: `${size.x}px`, height: `${size.y}px` });
    }
    L.DomUtil.setPosition(this.canvas, this.map.containerPointToLayerPoint([0, 0]));
    this.brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.brush.clearRect(0, 0, size.x, size.y);
    return size;
  }

  paint() {
    const size = this.fit();
    this.shown = 0;
    if (this.time === null) return;
    const zoom = this.map.getZoom();
    const scale = 2 ** zoom;
    const origin = this.map.getPixelBounds().min;
    const pictures = this.pictures(Math.max(1.2, Math.min(5, 1.3 ** (zoom - 16) * 3)));
    const half = pictures[0].half;
    for (let track = 0; track < this.count; track++) {
      const leg = this.legOf(track, this.time);
      if (leg < 0) continue;
      this.shown++;
      const [i, part] = this.place(leg, this.time);
      const x = (this.x[i] + part * (this.x[i + 1] - this.x[i])) * scale - origin.x;
      const y = (this.y[i] + part * (this.y[i + 1] - this.y[i])) * scale - origin.y;
      if (x < -half || y < -half || x > size.x + half || y > size.y + half) continue;
      const { image } = pictures[this.data.track_unsafe[track]];
      this.brush.drawImage(image, x - half, y - half, 2 * half, 2 * half);
    }
  }

  // A dot of either kind, drawn once and then copied: quick also without a graphics card.
  pictures(radius) {
    if (this.drawn?.radius === radius && this.drawn.colour === this.colour) return this.drawn;
    // Told apart by form: a ring for those who don't get in, or come too late.
    const kinds = [[this.colour, this.paper, radius / 4], [this.paper, this.colour, radius / 2]];
    this.drawn = Object.assign(kinds.map((kind) => picture(radius, ...kind)), { radius, colour: this.colour });
    return this.drawn;
  }
}

function picture(radius, inner, edge, width) {
  const ratio = window.devicePixelRatio || 1;
  const half = radius + width + 1;
  const image = element("canvas", { width: Math.ceil(2 * half * ratio), height: Math.ceil(2 * half * ratio) });
  const brush = image.getContext("2d");
  brush.scale(image.width / (2 * half), image.height / (2 * half));
  for (const [size, colour] of [[radius + width, edge], [radius, inner]]) {
    brush.fillStyle = colour;
    brush.beginPath();
    brush.arc(half, half, size, 0, 2 * Math.PI);
    brush.fill();
  }
  return { image, half };
}
