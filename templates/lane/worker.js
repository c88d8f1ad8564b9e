/**
 * Opens the officer's page while there is no line, and nothing else: what is kept is put there by the page itself
 * (static/src/offline/install.js) and taken away when he signs out. Posts and lists go past it.
 */
const CACHE = 'ferryman-lane';
const SHELL = '{% url "lane:offline-shell" %}';
const PATIENCE_MS = 4000;

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || new URL(request.url).origin !== location.origin) return;
  if (request.mode === 'navigate') event.respondWith(page(request));
  else if (!request.url.includes('/lane/')) event.respondWith(file(request));
});

/** Give the page of the server, or the kept one if the server does not answer. */
async function page(request) {
  const kept = await find(SHELL);
  if (!kept) return fetch(request);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, kept));
  return Promise.race([fetch(request).catch(() => kept), late]);
}

const file = async (request) => (await find(request)) ?? fetch(request);
const find = async (request) => (await caches.open(CACHE)).match(request, { ignoreVary: true });
