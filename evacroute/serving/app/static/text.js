// Words in the reader's language; each language is a file in words/.

export const LANGUAGES = ["en", "it", "fr", "de", "es", "zh"];

let words = {};
let current = "en";

export function language() {
  return current;
}

export function tag() {
  return current === "zh" ? "zh-Hans" : current;
}

// The first of the browser's languages that there are words in.
export function preferred() {
  const told = navigator.languages.map((one) => one.toLowerCase().split("-")[0]);
  return told.find((one) => LANGUAGES.includes(one)) ?? "en";
}

export async function speak(wanted) {
  const found = (await load(wanted, 3)) ?? (await load(current, 1)) ?? (await load("en", Infinity));
  ({ words, which: current } = found);
  document.documentElement.lang = tag();
  document.title = t("title");
  for (const one of document.querySelectorAll("[data-t]")) one.textContent = t(one.dataset.t);
  for (const one of document.querySelectorAll("[data-label]")) {
    one.setAttribute("aria-label", t(one.dataset.label));
  }
}

// Words of a language, tried as often as told.
async function load(which, tries) {
  for (let i = 1; i <= tries; i += 1) {
    try {
      const response = await fetch(`words/${which}.json`);
      if (response.ok) return { words: await response.json(), which };
    } catch {
      // The network is bad, or away.
    }
    if (i < tries) await new Promise((done) => setTimeout(done, 500 * i));
  }
  return null;
}

export function t(key, values = {}) {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (all, name) => String(values[name] ?? all));
}

export function clock(ms) {
  // As the directions write it, in all languages.
  const form = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Intl.DateTimeFormat(tag(), form).format(ms);
}

export function minutes(seconds) {
  return Math.max(1, Math.round(seconds / 60));
}

// 12 min, or 2 h 5 min.
export function lasting(seconds) {
  const all = Math.max(1, Math.floor(seconds / 60));
  if (all < 60) return t("minutes", { n: all });
  return t("hours", { h: Math.floor(all / 60), n: all % 60 });
}

export function metres(length) {
  const step = length < 100 ? 5 : length < 1000 ? 10 : 50;
  return t("metres", { n: Math.max(step, step * Math.round(length / step)).toLocaleString(tag()) });
}
