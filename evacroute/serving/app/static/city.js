// The city's map as it comes from the server, in metres from its middle; x to the east, y to the
// south, as on a screen.

const METRES = 111_195;

export class City {
  constructor(told) {
    const [west, south, east, north] = told.bounds;
    this.bounds = told.bounds;
    this.lon0 = (west + east) / 2;
    this.lat0 = (south + north) / 2;
    this.narrow = Math.cos((this.lat0 * Math.PI) / 180);
    this.kinds = told.kinds;
    this.streets = told.street_line.map((line, i) => ({
      kind: told.kinds[told.street_kind[i]],
      name: told.names[told.street_name[i]],
      points: decode(line).map(([lon, lat]) => this.metres(lon, lat)),
    }));
    this.shelters = told.shelters.map((one) => ({ ...one, at: this.metres(one.lon, one.lat) }));
    this.east = (METRES * this.narrow * (east - west)) / 2;
    this.south = (METRES * (north - south)) / 2;
  }

  metres(lon, lat) {
    return [METRES * this.narrow * (lon - this.lon0), METRES * (this.lat0 - lat)];
  }

  degrees([x, y]) {
    return [this.lon0 + x / (METRES * this.narrow), this.lat0 - y / METRES];
  }

  // Whether a place is in the area of the plan.
  holds(lon, lat) {
    const [west, south, east, north] = this.bounds;
    return lon >= west && lon <= east && lat >= south && lat <= north;
  }

  // Name of the street nearest to a place, "" where none is within 60 m.
  near(lon, lat) {
    const at = this.metres(lon, lat);
    let best = 60;
    let name = "";
    for (const street of this.streets) {
      if (!street.name) continue;
      const away = distance(at, street.points);
      if (away < best) [best, name] = [away, street.name];
    }
    return name;
  }

  // Streets with some words in their name: each name once, with the middle of its longest street.
  search(words, most = 6) {
    const wanted = plain(words).split(" ").filter(Boolean);
    if (!wanted.length) return [];
    const found = new Map();
    for (const { name, points } of this.streets) {
      const text = plain(name);
      if (!name || !wanted.every((word) => text.includes(word))) continue;
      const long = length(points);
      const old = found.get(name);
      if (!old || old.long < long) found.set(name, { name, long, points });
    }
    const rank = ({ name }) => (plain(name).startsWith(wanted[0]) ? 0 : 1000) + name.length;
    const sorted = [...found.values()].sort((a, b) => rank(a) - rank(b));
    return sorted.slice(0, most).map(({ name, points }) => {
      const [lon, lat] = this.degrees(middle(points));
      return { name, lon, lat };
    });
  }
}

// Letters without accents, in lower case.
function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
}

// An encoded polyline of five decimals, as [lon, lat] pairs.
export function decode(text) {
  const out = [];
  const sum = [0, 0];
  for (let i = 0, at = 0; i < text.length; at = 1 - at) {
    let value = 0;
    let shift = 0;
    let piece;
    do {
      piece = text.charCodeAt(i) - 63;
      value |= (piece & 31) << shift;
      shift += 5;
      i += 1;
    } while (piece >= 32);
    sum[at] += value & 1 ? ~(value >> 1) : value >> 1;
    if (at) out.push([sum[1] / 1e5, sum[0] / 1e5]);
  }
  return out;
}

// How far a place is from a line [m].
export function distance([x, y], points) {
  let best = Infinity;
  for (let i = 0; i + 1 < points.length; i += 1) {
    const [ax, ay] = points[i];
    const [dx, dy] = [points[i + 1][0] - ax, points[i + 1][1] - ay];
    const whole = dx * dx + dy * dy;
    const share = whole ? ((x - ax) * dx + (y - ay) * dy) / whole : 0;
    const on = Math.min(1, Math.max(0, share));
    best = Math.min(best, Math.hypot(x - ax - on * dx, y - ay - on * dy));
  }
  return best;
}

function length(points) {
  let sum = 0;
  for (let i = 1; i < points.length; i += 1) sum += step(points[i - 1], points[i]);
  return sum;
}

function step(a, b) {
  return Math.hypot(b[0] - a[0], b[1] - a[1]);
}

function middle(points) {
  let left = length(points) / 2;
  for (let i = 1; i < points.length; i += 1) {
    const long = step(points[i - 1], points[i]);
    if (left <= long && long > 0) {
      const share = left / long;
      return points[i].map((to, k) => points[i - 1][k] + share * (to - points[i - 1][k]));
    }
    left -= long;
  }
  return points[0];
}
