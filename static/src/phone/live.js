/**
 * Keeps a driver's page right: #page[data-live] is asked for again while it is looked at, what changed is changed in
 * place, and sentences about time go on by themselves. `fm:state` on document says that the state changed:
 * detail {tone, state}, as on the page's .state; `fm:page` that the page was drawn anew by the server.
 */
import { keep, dropLink, purge } from './keep.js';
import { morph } from './morph.js';
import { served } from './served.js';
import { learnTime, left, now, setClocks } from './time.js';

const PATIENCE_MS = 8000;
const TICK_MS = 1000;

const page = document.querySelector('#page[data-live]');
let asked = 0;
let isAsking = false;
let isHeard = false;
let isEnding = false;
let html = served;

function begin() {
  ask();
  setInterval(tick, TICK_MS);
  document.addEventListener('visibilitychange', () => !document.hidden && ask());
  window.addEventListener('pageshow', (event) => event.persisted && ask());
  window.addEventListener('online', ask);
  window.addEventListener('offline', () => showLine(false));
}

function tick() {
  if (isForgotten()) return;
  turn();
  if (!document.hidden && Date.now() - asked >= Number(page.dataset.pollS) * 1000) ask();
  if (isHeard && !isEnding && now() >= Number(page.dataset.keepUntil)) end();
}

/** “This is not my phone”: nothing is asked or kept any more. */
const isForgotten = () => 'forgotten' in document.documentElement.dataset;

/** Ask for the page; true if the server answered. */
async function ask() {
  if (isAsking || isForgotten()) return false;
  isAsking = true;
  asked = Date.now();
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  let isAnswered = false;
  try {
    const headers = { 'If-None-Match': page.dataset.stamp };
    const answer = await fetch(location.pathname, { headers, cache: 'no-store', signal: patience.signal });
    isAnswered = await take(answer);
  } catch {
    // The signal drops past the bridge; what is on the screen stays, and says from when it is.
  } finally {
    clearTimeout(timer);
    isAsking = false;
    isHeard = true;
  }
  showLine(isAnswered);
  return isAnswered;
}

async function take(answer) {
  if (answer.status === 404) return gone();
  if ((!answer.ok && answer.status !== 304) || answer.redirected) return false;
  if (isForgotten()) return true;
  learnTime(answer);
  const fresh = answer.ok ? await answer.text() : null;
  if (fresh !== null) change(fresh);
  else page.dataset.keepUntil = answer.headers.get('X-Keep-Until') ?? page.dataset.keepUntil;
  page.dataset.asked = now();
  if (document.documentElement.dataset.kept !== page.dataset.stamp) keep(page, html, answer);
  return true;
}

function change(fresh) {
  const wanted = new DOMParser().parseFromString(fresh, 'text/html');
  const part = wanted.querySelector('#page');
  if (!part) return;
  const before = stateOf();
  html = fresh;
  morph(page, part);
  document.title = wanted.title;
  turn();
  document.dispatchEvent(new Event('fm:page'));
  tell(before);
}

/** The link has ended: nothing of it stays, and the server says so. */
async function gone() {
  await dropLink();
  location.reload();
  return true;
}

// --- Time goes on ---------------------------------------------------------------------------------

/** Show what holds by the clock: a later state that was sent along, and the time that is left. */
function turn() {
  const before = stateOf();
  const begun = [...page.querySelectorAll('template[data-since]')].filter((later) => Number(later.dataset.since) <= now());
  const last = begun.pop();
  if (last) page.querySelector('#glance').replaceChildren(document.importNode(last.content, true));
  for (const later of last ? [...begun, last] : []) later.remove();
  const when = page.querySelector('.when[data-until]');
  if (when) {
    const words = when.dataset.words.replace('{left}', left(Number(when.dataset.until) - now(), page.dataset));
    if (when.textContent !== words) when.textContent = words;
  }
  tell(before);
}

function stateOf() {
  const { tone, state } = page.querySelector('.state')?.dataset ?? {};
  return { tone, state };
}

function tell(before) {
  const detail = stateOf();
  if (detail.tone === before.tone && detail.state === before.state) return;
  document.dispatchEvent(new CustomEvent('fm:state', { detail }));
}

/** The pass is over: it leaves this phone; where nobody can be asked, a page says so. */
async function end() {
  isEnding = true;
  await ask();
  if (now() >= Number(page.dataset.keepUntil)) {
    await purge();
    page.querySelector('.pass')?.remove();
    if (navigator.serviceWorker?.controller) return location.reload();
  }
  isEnding = false;
}

// --- From when it is ------------------------------------------------------------------------------

function showLine(isOnline) {
  const moment = Number(page.dataset.asked);
  const banner = document.querySelector('#offline');
  setClocks(document.querySelector('#as-of'), moment);
  setClocks(banner, moment);
  if (banner.hidden !== isOnline) banner.hidden = isOnline;
}

if (page) begin();
