"use strict";
// Words, numbers and elements. Text goes in as text, never as HTML: names come from outside.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.addEventListener("click", value);
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

function facts(rows) {
  const list = element("dl");
  for (const [label, value] of rows) {
    if (value !== null) list.append(element("div", {}, element("dt", {}, label), element("dd", {}, value)));
  }
  return list;
}

function table(heads, rows, caption) {
  const cells = (tag, row) => row.map((text) => element(tag, tag === "th" ? { scope: "col" } : {}, ...parted(text)));
  return element(
    "table", {},
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...cells("th", heads))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells("td", row))))
  );
}

// Long ids such as those of classes break after an underscore, never inside a word.
function parted(text) {
  if (typeof text !== "string") return [text];
  return text.split("_").flatMap((part, i) => (i ? ["_", element("wbr"), part] : [part]));
}

function count(number, one = "", many = one + "s") {
  const text = Math.round(number).toLocaleString("en");
  return one ? `${text} ${number === 1 ? one : many}` : text;
}

function percent(share) {
  if (share > 0 && share < 0.005) return "< 1 %";
  return `${Math.round(share * 100)} %`;
}

function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const rest = whole % 60;
  return `${Math.floor(whole / 60)} min${rest ? ` ${rest} s` : ""}`;
}

function clock(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
