// Keeps the page's files on the phone. VERSION and FILES are written above by the server. The map
// is kept by shelf.js, and all that is personal by memory.js, where "Forget me" finds it.

const SHELL = `page-${VERSION}`;
const MAP = "map";

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(SHELL);
      await cache.addAll(FILES.map((name) => new Request(name, { cache: "reload" })));
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const old = (await caches.keys()).filter((name) => name !== SHELL && name !== MAP);
      await Promise.all(old.map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const scope = new URL("./", self.location).href;
  const address = request.url.split(/[?#]/)[0];
  const name = address.slice(scope.length) || "./";
  if (request.method !== "GET" || !address.startsWith(scope) || !FILES.includes(name)) return;
  event.respondWith(kept(new URL(name, scope).href, request));
});

async function kept(address, request) {
  const cache = await caches.open(SHELL);
  return (await cache.match(address, { ignoreVary: true })) ?? fetch(request);
}
