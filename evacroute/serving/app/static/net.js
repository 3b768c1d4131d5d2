// Requests on a bad network: each waits a while, and is repeated with the same token until there
// is an answer, however often it is lost on the way.

const PATIENCE_MS = 10_000;
const PAUSES_S = [1, 2, 4, 8, 15];

// Phones say they are online as soon as there is any network: what counts is whether answers come.
let works = true;
let probed = 0;

addEventListener("online", () => heard(true));
addEventListener("offline", () => heard(false));

export function isOnline() {
  return works && navigator.onLine;
}

// Note whether the server was heard, and let the page show it.
export function heard(does) {
  if (works === does) return;
  works = does;
  dispatchEvent(new Event("line"));
}

// Find out now and then whether the network is back.
export async function probe() {
  if (works || Date.now() - probed < 15_000) return;
  probed = Date.now();
  try {
    await fetch("map", { method: "HEAD", cache: "no-store" });
    heard(true);
  } catch {
    // Not yet.
  }
}

export class Refused extends Error {
  // The word that says why.
  constructor(status) {
    super(String(status));
    this.word = status === 401 || status === 403 ? "denied" : "refused";
  }
}

export class Stopped extends Error {}

function check(signal) {
  if (signal?.aborted) throw new Stopped();
}

// Ask until there is an answer. `tell` hears of each pause: seconds, and how often it was tried.
// Throws Refused where asking the same again would not help.
export async function persist(url, body, { signal, tell = () => undefined } = {}) {
  for (let tries = 1; ; tries += 1) {
    check(signal);
    const answer = await attempt(url, body, signal);
    if (answer) return answer;
    const most = PAUSES_S[Math.min(tries, PAUSES_S.length) - 1];
    // Not all at the same moment: thousands may have lost the network together.
    const pause = most * (0.75 + 0.5 * Math.random());
    tell(Math.ceil(pause), tries);
    await rest(pause * 1000, signal);
  }
}

// One try: the answer, or undefined where it is worth another.
export async function attempt(url, body, signal) {
  const own = new AbortController();
  const stop = () => own.abort();
  const timer = setTimeout(stop, PATIENCE_MS);
  signal?.addEventListener("abort", stop);
  let response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      signal: own.signal,
    });
    heard(true);
    if (response.ok) return await response.json();
  } catch {
    check(signal);
    heard(false);
    return undefined;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
  const again = response.status >= 500 || [404, 408, 425, 429].includes(response.status);
  if (again) return undefined;
  throw new Refused(response.status);
}

// Wait, but no longer than until the network is back.
function rest(ms, signal) {
  return new Promise((done, fail) => {
    const end = (settle) => () => {
      clearTimeout(timer);
      removeEventListener("online", awake);
      signal?.removeEventListener("abort", stop);
      settle();
    };
    const awake = end(done);
    const stop = end(() => fail(new Stopped()));
    const timer = setTimeout(awake, ms);
    addEventListener("online", awake);
    signal?.addEventListener("abort", stop);
  });
}
