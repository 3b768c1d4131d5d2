"use strict";
// The search box: finds persons, households, groups, shelters and streets by id or name.

const MOST_RESULTS = 12;

class Search {
  constructor(sources, choose) {
    // Each source is {kind, names}; `choose` is called with a kind and a position in its names.
    this.sources = sources.map((source) => ({ ...source, lower: source.names.map((name) => name.toLowerCase()) }));
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
      const label = element("span", { class: "kind" }, source.kind);
      const choose = () => {
        this.list.replaceChildren();
        this.choose(source.kind, position);
      };
      return element("li", {}, element("button", { type: "button", onclick: choose }, label, ` ${source.names[position]}`));
    });
    if (wanted && !items.length) items.push(element("li", { class: "none" }, "Nothing has this id or name."));
    this.list.replaceChildren(...items);
  }

  // Best first: the very name, then names that begin so, then names that hold it.
  find(wanted) {
    const ranks = [[], [], []];
    for (const source of this.sources) {
      for (let position = 0; position < source.lower.length; position++) {
        const name = source.lower[position];
        const place = name.indexOf(wanted);
        if (place < 0) continue;
        const rank = name === wanted ? 0 : place === 0 ? 1 : 2;
        if (ranks[rank].length < MOST_RESULTS) ranks[rank].push({ source, position });
      }
    }
    return ranks.flat().slice(0, MOST_RESULTS);
  }
}
