"use strict";
// The panel: what the plan achieves, who is left, and what to know before trusting it.

function showSummary(meta, shelters) {
  const badges = document.getElementById("badges");
  if (meta.synthetic) badges.append(element("p", { class: "badge" }, meta.synthetic));
  const parts = [
    element("h2", { id: "in-short" }, "In short"),
    facts(meta.summary),
    meta.classes.length ? table(["Class", "Placed", "Left", "Mean", "95 %", "Last"], meta.classes, "By class; minutes:seconds from ready to safe, last after the alarm") : null,
    meta.left ? leftList(meta) : null,
    shelters.list(),
    element("details", {}, element("summary", {}, "How it was made"), facts(meta.made)),
    meta.notes.length ? element("details", { open: "" }, element("summary", {}, "Know before you rely on it"), element("ul", {}, ...meta.notes.map((note) => element("li", {}, note)))) : null,
  ];
  document.getElementById("summary").append(...parts.filter((part) => part !== null));
}

function leftList(meta) {
  const rows = meta.left_reasons.map(([reason, persons]) => [reason, count(persons)]);
  return table(["Without a shelter, because", "Persons"], rows, `${count(meta.left, "person")} left`);
}
