// All that this phone keeps of its owner: a random token, choices, the last answer. One entry of
// localStorage, so that forgetting is one call.

const NAME = "evacroute";

let kept = read();

function read() {
  try {
    const found = JSON.parse(localStorage.getItem(NAME));
    return found && typeof found === "object" ? found : {};
  } catch {
    return {};
  }
}

export function recall(key) {
  return kept[key];
}

export function keep(changes) {
  kept = { ...kept, ...changes };
  try {
    localStorage.setItem(NAME, JSON.stringify(kept));
  } catch {
    // A private window may refuse: then it lasts as long as the page.
  }
}

// Made once: asking again with it moves the place that is held, and never takes a second.
export function token() {
  if (!kept.token) newToken();
  return kept.token;
}

export function newToken() {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  const text = btoa(String.fromCharCode(...bytes));
  keep({ token: text.replaceAll("+", "-").replaceAll("/", "_") });
}

export function forget() {
  kept = {};
  try {
    localStorage.removeItem(NAME);
  } catch {
    // Nothing was kept.
  }
}
