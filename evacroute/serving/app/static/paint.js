// Draws streets, shelters, the way and the places of the person on a canvas.

const CELL = 250;
const WIDTHS = { bridge: 4, steps: 3.5, square: 3, quay: 2.6, ferry: 2 };

// Streets by squares of CELL metres, so that only those in sight are drawn.
export function tiles(city) {
  const found = new Map();
  for (const street of city.streets) {
    const [x, y] = street.points[0];
    const key = `${Math.floor(x / CELL)} ${Math.floor(y / CELL)}`;
    let tile = found.get(key);
    if (!tile) {
      tile = { paths: new Map(), west: x, east: x, north: y, south: y, named: [] };
      found.set(key, tile);
    }
    const style = street.kind in WIDTHS ? street.kind : "calle";
    if (!tile.paths.has(style)) tile.paths.set(style, new Path2D());
    trace(tile.paths.get(style), street.points);
    for (const [px, py] of street.points) {
      tile.west = Math.min(tile.west, px);
      tile.east = Math.max(tile.east, px);
      tile.north = Math.min(tile.north, py);
      tile.south = Math.max(tile.south, py);
    }
    if (street.name) tile.named.push({ name: street.name, ...longest(street.points) });
  }
  return [...found.values()];
}

function trace(path, points) {
  points.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
}

function longest(points) {
  let best = { long: 0 };
  for (let i = 1; i < points.length; i += 1) {
    const [[ax, ay], [bx, by]] = [points[i - 1], points[i]];
    const long = Math.hypot(bx - ax, by - ay);
    if (long <= best.long) continue;
    let turn = Math.atan2(by - ay, bx - ax);
    if (Math.abs(turn) > Math.PI / 2) turn += Math.PI;
    best = { long, turn, x: (ax + bx) / 2, y: (ay + by) / 2 };
  }
  return best;
}

export function paint(canvas, { view, drawn, city, route, chosen, point, me, aim, font }) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const screen = ([x, y]) => [
    width / 2 + (x - view.x) * view.scale,
    height / 2 + (y - view.y) * view.scale,
  ];
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.fillStyle = colour("map");
  pen.fillRect(0, 0, width, height);
  pen.lineCap = pen.lineJoin = "round";
  if (city) streets();
  if (route) way();
  if (city) names();
  if (city) for (const one of city.shelters) if (one.id !== chosen?.id) shelter(one, false);
  if (chosen) shelter(chosen, true);
  if (me) dot(screen(me.at), colour("main"), 7, Math.min(me.accuracy * view.scale, 400));
  if (point) pin(screen(point));
  if (aim) cross();

  function seen(tile) {
    const [left, top] = screen([tile.west, tile.north]);
    const [right, bottom] = screen([tile.east, tile.south]);
    return right >= 0 && left <= width && bottom >= 0 && top <= height;
  }

  function streets() {
    const k = view.scale * ratio;
    const [dx, dy] = screen([0, 0]);
    pen.setTransform(k, 0, 0, k, dx * ratio, dy * ratio);
    const thick = Math.min(2.2, Math.max(0.5, view.scale * 1.6));
    for (const tile of drawn.filter(seen)) {
      for (const [kind, path] of tile.paths) {
        pen.strokeStyle = colour(kind === "bridge" || kind === "steps" ? "bridge" : "street");
        pen.lineWidth = (thick * (WIDTHS[kind] ?? 2)) / 2 / view.scale;
        pen.setLineDash(kind === "ferry" ? [12, 12] : []);
        pen.stroke(path);
      }
    }
    pen.setLineDash([]);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  function way() {
    for (const [ink, wide] of [[colour("casing"), 11], [colour("main"), 6]]) {
      pen.beginPath();
      trace(pen, route.map(screen));
      pen.strokeStyle = ink;
      pen.lineWidth = wide;
      pen.stroke();
    }
  }

  function names() {
    if (view.scale < 0.9) return;
    const told = new Set();
    pen.font = `${0.8 * font}px system-ui, sans-serif`;
    for (const one of drawn.filter(seen).flatMap((tile) => tile.named)) {
      const wide = pen.measureText(one.name).width;
      if (told.has(one.name) || wide > one.long * view.scale * 1.1) continue;
      told.add(one.name);
      const [x, y] = screen([one.x, one.y]);
      pen.save();
      pen.translate(x, y);
      pen.rotate(one.turn);
      label(one.name, 0, 0, colour("ink"));
      pen.restore();
    }
  }

  function label(text, x, y, ink) {
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineWidth = 4;
    pen.strokeStyle = colour("paper");
    pen.strokeText(text, x, y);
    pen.fillStyle = ink;
    pen.fillText(text, x, y);
  }

  // A house: a shape, so that it is not told by its colour alone.
  function shelter(one, isChosen) {
    const [x, y] = screen(one.at);
    if (x < -80 || x > width + 80 || y < -40 || y > height + 40) return;
    const r = isChosen ? 13 : view.scale > 0.12 ? 8 : 5;
    pen.beginPath();
    trace(pen, [[x, y - r], [x + r, y - r / 4], [x + r, y + r], [x - r, y + r], [x - r, y - r / 4]]);
    pen.closePath();
    pen.fillStyle = colour(isChosen ? "main" : "paper");
    pen.strokeStyle = colour(isChosen ? "casing" : "ink");
    pen.lineWidth = 2;
    pen.fill();
    pen.stroke();
    if (!isChosen && view.scale < 0.35) return;
    pen.font = `${isChosen ? "bold " : ""}${(isChosen ? 1 : 0.85) * font}px system-ui, sans-serif`;
    const half = pen.measureText(one.name).width / 2 + 4;
    const within = isChosen ? Math.min(Math.max(x, half), Math.max(half, width - half)) : x;
    label(one.name, within, y + r + 0.75 * font, colour("ink"));
  }

  function dot([x, y], ink, r, around) {
    pen.beginPath();
    pen.arc(x, y, Math.max(around, r), 0, 7);
    pen.globalAlpha = 0.2;
    pen.fillStyle = ink;
    pen.fill();
    pen.globalAlpha = 1;
    pen.beginPath();
    pen.arc(x, y, r, 0, 7);
    pen.fill();
    pen.strokeStyle = colour("casing");
    pen.lineWidth = 3;
    pen.stroke();
  }

  function pin([x, y]) {
    pen.beginPath();
    pen.arc(x, y - 20, 11, 0.8 * Math.PI, 0.2 * Math.PI);
    pen.lineTo(x, y);
    pen.closePath();
    pen.fillStyle = colour("bad");
    pen.strokeStyle = colour("casing");
    pen.lineWidth = 2.5;
    pen.fill();
    pen.stroke();
    pen.beginPath();
    pen.arc(x, y - 20, 4, 0, 7);
    pen.fillStyle = colour("casing");
    pen.fill();
  }

  function cross() {
    for (const [ink, wide] of [[colour("casing"), 5], [colour("ink"), 2]]) {
      pen.beginPath();
      trace(pen, [[width / 2 - 14, height / 2], [width / 2 + 14, height / 2]]);
      trace(pen, [[width / 2, height / 2 - 14], [width / 2, height / 2 + 14]]);
      pen.strokeStyle = ink;
      pen.lineWidth = wide;
      pen.stroke();
    }
  }
}
