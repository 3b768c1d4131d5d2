// The city's map: from the phone where it is kept, and from the server where it is new.

import { heard } from "./net.js";

const NAME = "map";

// `use` hears of the map that is kept, at once, and of a newer one; `lack` of none so far.
export async function loadMap(use, lack) {
  const shelf = await openShelf();
  const old = await shelf?.match(NAME, { ignoreVary: true }).catch(() => undefined);
  const tag = old?.headers.get("etag");
  if (old) use(await old.json());
  for (let pause = 1; ; pause = Math.min(30, 2 * pause)) {
    let answer;
    try {
      const headers = tag ? { "if-none-match": tag } : {};
      answer = await fetch(NAME, { cache: "no-store", headers });
      heard(true);
      if (answer.status === 304) return;
      if (!answer.ok) throw new Error(String(answer.status));
      const copy = answer.clone();
      use(await answer.json());
      await shelf?.put(NAME, copy).catch(() => undefined);
      return;
    } catch {
      if (!answer) heard(false);
      // What is kept will do; the next time the page is opened it asks again.
      if (old) return;
      lack();
      await new Promise((done) => setTimeout(done, pause * 1000));
    }
  }
}

async function openShelf() {
  try {
    return await caches.open(NAME);
  } catch {
    return null; // Neither without https nor in some private windows.
  }
}
