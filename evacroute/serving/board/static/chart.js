// The sparkline: an area and a line, drawn as paths.
const NS = "http://www.w3.org/2000/svg";

export function draw(svg, values, points) {
  const most = Math.max(1, ...values);
  const x = (i) => 240 - ((values.length - 1 - i) * 240) / (points - 1);
  const y = (v) => 46 - (v / most) * 42;
  const line = values.map((v, i) => `${i ? "L" : "M"}${x(i).toFixed(1)},${y(v).toFixed(1)}`).join("");
  const area = values.length ? `${line}L240,48L${x(0).toFixed(1)},48Z` : "";
  svg.replaceChildren(path(area, "area"), path(line, ""));
  return values.length ? Math.max(...values) : 0;
}

function path(d, name) {
  const made = document.createElementNS(NS, "path");
  made.setAttribute("d", d);
  if (name) made.setAttribute("class", name);
  return made;
}
