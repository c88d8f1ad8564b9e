/**
 * Opens a driver's page while there is no signal, and nothing else: what is kept is put there by the page itself
 * (static/src/phone/keep.js) and by each page that comes through here. Posts and questions of scripts go past it.
 */
const PAGES = 'ferryman-phone-pages';
const FILES = 'ferryman-phone-files';
const LIMIT = 'X-Keep-Until';
const STATIC = '{{ static_url|escapejs }}';
const PATIENCE_MS = 3000;
const LOOK = { ignoreVary: true, ignoreSearch: true };

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(Promise.all([self.clients.claim(), purge()])));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  if (request.mode === 'navigate') event.respondWith(page(event, url.pathname));
  else if (url.pathname.startsWith(STATIC)) event.respondWith(file(request));
});

/** Give the page of the server; the kept one if the server does not answer in time; or say that its pass is over. */
async function page(event, address) {
  await purge();
  const asked = fetch(event.request);
  event.waitUntil(asked.then((answer) => learn(address, answer.clone())).catch(() => {}));
  const other = await instead(address);
  if (!other) return asked;
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, other));
  return Promise.race([asked.then((answer) => (isFault(answer) ? other : answer)).catch(() => other), late]);
}

const isFault = ({ status }) => status >= 500 || status === 429;

async function instead(address) {
  const pages = await kept(PAGES);
  if (!pages) return undefined;
  const own = await pages.match(address, LOOK);
  if (own) return own;
  const link = linkOf(address);
  return (await pages.match(link, LOOK)) ? undefined : pages.match(`${link}over/`, LOOK);
}

/** Keep a page that may be kept; forget a link that the server does not know any more. */
async function learn(address, answer) {
  const pages = await kept(PAGES);
  if (!pages) return answer.body?.cancel();
  if (answer.status === 404 && address === linkOf(address)) {
    for (const { url } of await pages.keys()) if (new URL(url).pathname.startsWith(address)) await pages.delete(url);
  }
  if (!answer.ok || answer.redirected || !answer.headers.has(LIMIT)) return answer.body?.cancel();
  const headers = new Headers(answer.headers);
  headers.set('X-Skew', Date.parse(answer.headers.get('Date') ?? '') - Date.now() || 0);
  return pages.put(address, new Response(await answer.blob(), { headers }));
}

const linkOf = (address) => address.split('/').slice(0, 3).join('/') + '/';

/** Delete pages whose time is over, by the server's clock as it was known when they were kept. */
async function purge() {
  const pages = await kept(PAGES);
  for (const request of (await pages?.keys()) ?? []) {
    const headers = (await pages.match(request, LOOK))?.headers;
    const limit = headers?.get(LIMIT);
    if (limit && Number(limit) <= Date.now() + Number(headers.get('X-Skew') ?? 0)) await pages.delete(request);
  }
}

async function file(request) {
  const files = await kept(FILES);
  const own = await files?.match(request, { ignoreVary: true });
  if (own) return own;
  const answer = await fetch(request);
  if (!files) return answer;
  // What a script loads later, such as a sound, is needed without a signal as well.
  if (answer.ok && answer.status === 200) await files.put(request, answer.clone());
  return answer;
}

/** Open a cache that the page has made; a phone that was told to forget gets no new one. */
const kept = async (name) => ((await caches.has(name)) ? caches.open(name) : undefined);
