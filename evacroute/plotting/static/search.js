"use strict";
// The search box: finds persons, households, groups, shelters, streets and links by id or name.

const MOST_RESULTS = 12;

class Search {
  constructor(sources, choose) {
    // Each source is {kind, names, more}: `more` are other names, shown beside the first ones where
    // there are any. `choose` is called with a kind and a position in its names.
    this.sources = sources.map((source) => ({
      ...source,
      keys: [source.names, source.more].filter(Boolean).map((names) => names.map((name) => name.toLowerCase())),
    }));
    this.choose = choose;
    this.input = document.getElementById("search");
    this.list = document.getElementById("results");
    this.input.addEventListener("input", () => this.show());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const buttons = [...this.list.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && at < 0 && buttons.length) buttons[0].click();
    else if (event.key === "ArrowDown" && buttons.length) buttons[Math.min(at + 1, buttons.length - 1)].focus();
    else if (event.key === "ArrowUp" && at >= 0) (at > 0 ? buttons[at - 1] : this.input).focus();
    else return;
    event.preventDefault();
  }

  close() {
    this.list.replaceChildren();
    this.input.focus();
  }

  show() {
    const wanted = this.input.value.trim().toLowerCase();
    const found = wanted ? this.find(wanted) : [];
    const items = found.map(({ source, position }) => {
      const kind = element("span", { class: "kind" }, source.kind);
      const choose = () => {
        this.list.replaceChildren();
        this.choose(source.kind, position);
      };
      return element("li", {}, element("button", { type: "button", onclick: choose }, kind, ` ${label(source, position)}`));
    });
    if (wanted && !items.length) items.push(element("li", { class: "none" }, "Nothing has this id or name."));
    this.list.replaceChildren(...items);
  }

  // Best first: the very id or name, then those that begin so, then those that hold it. Within these
  // the kinds take turns, so that no kind with many ids crowds the others out.
  find(wanted) {
    const found = [];
    this.sources.forEach((source) => {
      const counts = [0, 0, 0];
      for (let position = 0; position < source.names.length; position++) {
        const rank = Math.min(...source.keys.map((names) => rankOf(names[position], wanted)));
        if (rank < counts.length && counts[rank] < MOST_RESULTS) found.push({ source, position, rank, turn: counts[rank]++ });
      }
    });
    return found.sort((a, b) => a.rank - b.rank || a.turn - b.turn).slice(0, MOST_RESULTS);
  }
}

function rankOf(name, wanted) {
  const place = name.indexOf(wanted);
  if (place < 0) return Infinity;
  return name === wanted ? 0 : place === 0 ? 1 : 2;
}

function label(source, position) {
  const more = source.more ? source.more[position] : "";
  return more ? `${source.names[position]} ${more}` : source.names[position];
}
