// Small things every part of the page uses.

import { t } from "./text.js";

export const $ = (id) => document.getElementById(id);

// Write a text, or hide the element where there is none.
export function write(id, text) {
  const one = $(id);
  one.textContent = text ?? "";
  one.hidden = !text;
}

// Tell what happens; read aloud. The element stays, as what appears anew is not read everywhere.
export function say(text = "") {
  if ($("said").textContent !== text) $("said").textContent = text;
}

// A button that cannot be used keeps its place in the order of keys, and says so.
export function enable(id, can) {
  $(id).setAttribute("aria-disabled", String(!can));
}

export function isEnabled(id) {
  return $(id).getAttribute("aria-disabled") !== "true";
}

// Ask whether something is meant; true where it is.
export function sure(question, yes, no) {
  $("sure-text").textContent = t(question);
  $("sure-yes").textContent = t(yes);
  $("sure-no").textContent = t(no);
  const dialog = $("sure");
  dialog.returnValue = "";
  $("sure-yes").onclick = () => dialog.close("yes");
  $("sure-no").onclick = () => dialog.close("no");
  return new Promise((done) => {
    dialog.onclose = () => done(dialog.returnValue === "yes");
    dialog.showModal();
  });
}
