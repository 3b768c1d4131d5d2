// The shelters, the fullest first; rows are kept, so that focus stays where it is.
const rows = new Map();

export function fullness(s) {
  return s.capacity && s.taken !== null ? s.taken / s.capacity : 0;
}

export function fill(body, shelters, words, number, act) {
  const order = [...shelters].sort((a, b) => fullness(b) - fullness(a) || (b.taken ?? 0) - (a.taken ?? 0) || a.id.localeCompare(b.id));
  const held = document.activeElement;
  order.forEach((s, i) => {
    let row = rows.get(s.id);
    if (!row) rows.set(s.id, (row = make(s, act)));
    if (body.children[i] !== row.tr) body.insertBefore(row.tr, body.children[i] ?? null);
    show(row, s, words, number);
  });
  if (held && held !== document.activeElement && body.contains(held)) held.focus({ preventScroll: true });
}

function make(s, act) {
  const tr = document.createElement("tr");
  const head = Object.assign(document.createElement("th"), { scope: "row" });
  head.append(s.name || s.id);
  const id = document.createElement("small");
  head.append(id);
  const cell = () => Object.assign(document.createElement("td"), { className: "n" });
  const bar = document.createElement("div");
  bar.className = "bar";
  const [part, there, text] = ["i", "u", "span"].map((x) => document.createElement(x));
  bar.append(part, there, text);
  const fillCell = Object.assign(document.createElement("td"), { className: "fill" });
  fillCell.append(bar);
  const [taken, arrived, free] = [cell(), cell(), cell()];
  const button = Object.assign(document.createElement("button"), { type: "button" });
  const last = document.createElement("td");
  last.append(button);
  tr.append(head, fillCell, taken, arrived, free, last);
  const row = { tr, id, bar, part, there, text, taken, arrived, free, button, s };
  button.addEventListener("click", () => act(row.s));
  return row;
}

function show(row, s, words, number) {
  row.s = s;
  const share = fullness(s);
  const there = s.capacity && s.arrived !== null ? s.arrived / s.capacity : 0;
  row.tr.className = s.is_closed ? "shut" : "";
  row.id.textContent = s.is_closed ? `${s.id}, ${words.shelter_shut}` : s.id;
  row.part.style.width = `${Math.min(100, share * 100)}%`;
  row.there.style.width = `${Math.min(100, there * 100)}%`;
  row.bar.className = share >= 0.97 ? "bar bad" : share >= 0.8 ? "bar warn" : "bar";
  row.text.textContent = s.capacity === null ? words.no_limit : s.taken === null ? words.unknown : `${Math.floor(share * 100)} %`;
  row.taken.textContent = s.taken === null ? "–" : s.capacity === null ? number(s.taken) : `${number(s.taken)} / ${number(s.capacity)}`;
  row.arrived.textContent = s.arrived === null ? "–" : number(s.arrived);
  const free = s.step_free === null || s.step_free_taken === null ? null : Math.max(0, s.step_free - s.step_free_taken);
  row.free.textContent = free === null ? "–" : number(s.left === null ? free : Math.min(free, s.left));
  const word = s.is_closed ? words.open : words.close;
  if (row.button.textContent !== word) row.button.textContent = word;
  row.button.setAttribute("aria-label", `${word}: ${s.name || s.id}`);
}
