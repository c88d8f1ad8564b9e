/**
 * Keeps a driver's page on his phone, for when there is no signal (templates/phone/worker.js gives it then).
 * A page is kept with the moment until which it may be, and goes with its link.
 */
import { now } from './time.js';

const PAGES = 'ferryman-phone-pages';
const FILES = 'ferryman-phone-files';
const LIMIT = 'X-Keep-Until';
const STAMP = 'X-Stamp';
const WEEK_MS = 7 * 86_400_000;

/** What is being kept, or is kept already. */
let keeping = '';

const canKeep = () => Boolean(navigator.serviceWorker && globalThis.caches);

/** Keep the page as it was served, with the pages that it names and all files that these need. */
export async function keep(page, html, answer) {
  const { stamp } = page.dataset;
  if (!canKeep() || stamp === keeping) return;
  keeping = stamp;
  try {
    await navigator.serviceWorker.register(page.dataset.worker);
    const pages = await caches.open(PAGES);
    const { keepUntil, over } = page.dataset;
    const said = { [LIMIT]: keepUntil, [STAMP]: stamp };
    await put(pages, location.pathname, html, answer, said);
    const texts = [html, await keepPage(pages, over, { [STAMP]: stamp })];
    // These hold no code, and are needed where the pass ended without a signal.
    const longer = { ...said, [LIMIT]: Math.max(Number(keepUntil), now() + WEEK_MS) };
    for (const address of namedPages()) texts.push(await keepPage(pages, address, longer));
    await keepFiles(texts);
    document.documentElement.dataset.kept = stamp;
  } catch {
    // A full or forbidden storage: the page works as long as there is a signal, and tries again.
    keeping = '';
  }
}

/** Addresses of pages to be kept with this one: <… data-keep-pages="/d/…/ /d/…/">. */
function namedPages() {
  const named = [...document.querySelectorAll('[data-keep-pages]')].flatMap((part) => part.dataset.keepPages.split(/\s+/));
  return [...new Set(named)].filter((address) => address.startsWith(location.pathname));
}

/** Fetch a page and keep it, unless it is kept as it is for this state of things; give its text. */
async function keepPage(pages, address, said) {
  const kept = await pages.match(address, { ignoreVary: true });
  if (kept?.headers.get(STAMP) === said[STAMP]) return kept.text();
  const answer = await fetch(address, { cache: 'no-store' });
  const text = await answer.text();
  if (answer.ok && !answer.redirected) await put(pages, address, text, answer, said);
  return text;
}

function put(pages, address, text, answer, said) {
  const headers = new Headers({ 'Content-Type': 'text/html; charset=utf-8', ...said });
  // What guards the page on its way guards it here, too.
  for (const name of ['Content-Security-Policy', 'Referrer-Policy', 'X-Frame-Options']) {
    if (answer.headers.has(name)) headers.set(name, answer.headers.get(name));
  }
  return pages.put(address, new Response(text, { headers }));
}

async function keepFiles(texts) {
  const files = await caches.open(FILES);
  const wanted = new Set(texts.flatMap(filesOf));
  for (const entry of performance.getEntriesByType('resource')) if (isFile(entry.name)) wanted.add(entry.name);
  const kept = new Set((await files.keys()).map((request) => request.url));
  const isNewBuild = [...wanted].some((url) => !kept.has(url));
  await Promise.all([...wanted].filter((url) => !kept.has(url)).map((url) => files.add(url)));
  if (isNewBuild) await Promise.all([...kept].filter((url) => !wanted.has(url)).map((url) => files.delete(url)));
}

function filesOf(text) {
  const page = new DOMParser().parseFromString(text, 'text/html');
  const parts = page.querySelectorAll('script[src], img[src], link[rel=stylesheet], link[rel=modulepreload], link[rel=icon]');
  return [...parts].map((part) => new URL(part.getAttribute('src') ?? part.getAttribute('href'), location.href).href).filter(isFile);
}

const isFile = (address) => {
  const url = new URL(address);
  return url.origin === location.origin && !url.pathname.startsWith('/d/') && /\.(js|css|svg|png|ico|woff2|mp3|ogg|opus)$/.test(url.pathname);
};

/** Delete pages whose time is over; true if there was one. */
export async function purge() {
  if (!canKeep()) return false;
  const pages = await caches.open(PAGES);
  let isPurged = false;
  for (const request of await pages.keys()) {
    const limit = (await pages.match(request, { ignoreVary: true }))?.headers.get(LIMIT);
    if (limit && Number(limit) <= now()) isPurged = (await pages.delete(request)) || isPurged;
  }
  return isPurged;
}

/** Delete what is kept of this link, which the server does not know any more. */
export async function dropLink() {
  if (!canKeep()) return;
  const pages = await caches.open(PAGES);
  for (const request of await pages.keys()) {
    if (new URL(request.url).pathname.startsWith(location.pathname)) await pages.delete(request);
  }
}

/** Delete all that drivers' pages keep on this phone. */
export async function dropAll() {
  const names = (await globalThis.caches?.keys()) ?? [];
  const registered = await navigator.serviceWorker?.getRegistrations();
  await Promise.allSettled([
    ...names.filter((name) => name.startsWith('ferryman-phone')).map((name) => caches.delete(name)),
    ...(registered ?? []).filter((one) => new URL(one.scope).pathname === '/d/').map((one) => one.unregister()),
  ]);
}
