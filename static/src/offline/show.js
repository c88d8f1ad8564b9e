/** Draws the state of the line and an offline verdict, by the page's own templates. */
import { bothClocks, filled, sentence } from './words.js';

const MINUTE_MS = 60_000;

/** Fill the strip above the station. */
export function showState({ words, sentences, zones }, state) {
  const strip = document.getElementById('offline-strip');
  if (!strip) return;
  strip.dataset.state = state.line;
  say(strip.querySelector('[data-line]'), words[state.line]);
  say(strip.querySelector('[data-list]'), listWords(words, state));
  say(strip.querySelector('[data-queue]'), state.waiting ? filled(words.queue, { count: state.waiting }) : '');
  list(strip.querySelector('[data-warnings]'), warnings(words, state));
  keep(strip.querySelector('[data-kept]'), state, words, (one) => keptWords(one, words, sentences, zones));
}

function listWords(words, { age, isLocked, isAsking, warnings: given }) {
  if (isLocked) return words.locked;
  if (age === null || age === undefined) return given || isAsking ? '' : words.no_list;
  const minutes = Math.floor(age / MINUTE_MS);
  if (minutes < 60) return filled(words.list_age, { minutes });
  return filled(words.list_hours, { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

function warnings(words, state) {
  const clock = Math.round((state.clockOff ?? 0) / MINUTE_MS);
  return [
    ...(state.warnings ?? []),
    state.unsaved && filled(words.full, { count: state.unsaved }),
    Math.abs(state.clockOff ?? 0) > state.clockSkew && filled(words.clock, { minutes: Math.abs(clock) }),
    state.isSignedOut && words.sign_in,
    state.cannotCheck && words.unchecked,
  ].filter(Boolean);
}

function keptWords({ scan, result }, words, sentences, zones) {
  const said = result.status >= 400 ? words.refused_upload : words.differs;
  const reasons = (result.reasons ?? result.errors ?? []).map(({ detail }) => detail);
  return [bothClocks(scan.scanned_at, zones), scan.trip, said, ...reasons].filter(Boolean).join(' · ');
}

/** Change text only where it differs: a screen reader reads every change. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function list(element, texts) {
  if ([...element.children].map((item) => item.textContent).join('\n') === texts.join('\n')) return;
  element.replaceChildren(...texts.map((text) => Object.assign(document.createElement('li'), { textContent: text })));
}

/** List what an officer has to see, each with a button that says he has. */
function keep(element, { kept = [], seen }, words, wording) {
  const shown = kept.map(({ seq }) => seq).join();
  if (element.dataset.shown === shown) return;
  element.dataset.shown = shown;
  element.replaceChildren(
    ...kept.map((one) => {
      const item = document.createElement('li');
      const button = Object.assign(document.createElement('button'), { type: 'button', className: 'btn', textContent: words.dismiss });
      button.addEventListener('click', () => seen(one.seq));
      item.append(Object.assign(document.createElement('span'), { textContent: wording(one) }), button);
      return item;
    }),
  );
}

// --- A verdict -------------------------------------------------------------------------------------

/** Give a verdict as the server would have drawn it, marked as this device's own. */
export function showVerdict(page, judgement, { at, lane }) {
  const { words, sentences, zones, checkpoint } = page;
  const fragment = document.getElementById(`offline-${judgement.verdict}`).content.cloneNode(true);
  const slot = (name) => fragment.querySelector(`[data-slot="${name}"]`);
  const { line, claims } = judgement;
  const known = line ?? (claims && { vin: claims.vin, passport_tail: claims.passportTail, trip: claims.trip });
  fill(slot('how'), `${words.judged_offline} ${listWords(words, { age: judgement.list_age })}`);
  fill(slot('later'), judgement.verdict === 'examine' ? words.later : '');
  slot('reasons').append(...judgement.reasons.map((reason) => reasonItem(reason, sentences, zones)));
  if (!judgement.reasons.length) slot('reasons').remove();
  if (known) fillKnown(slot, known);
  else fragment.querySelector('.compare').remove();
  fill(slot('clocks'), bothClocks(at, zones));
  fill(slot('place'), `${checkpoint.name} · ${filled(words.lane, { lane })}`);
  return fragment;
}

function fillKnown(slot, known) {
  fill(slot('vin_head'), known.vin.slice(0, -6));
  fill(slot('vin_tail'), known.vin.slice(-6));
  fill(slot('make'), [known.make, known.model].filter(Boolean).join(' '));
  for (const name of ['colour', 'plate', 'driver', 'passport_tail', 'trip']) fill(slot(name), known[name] ?? '');
  fill(slot('driver_latin'), latinBeside(known));
}

/** Give the Latin name where the name does not say it already; a list kept from before may have none. */
function latinBeside({ driver = '', driver_latin: latin = '' }) {
  return latin === driver.toUpperCase() ? '' : latin;
}

/** Fill a place, or take it away with its heading where there is nothing to say. */
function fill(element, text) {
  element.textContent = text;
  if (text) return;
  if (element.previousElementSibling?.tagName === 'DT') element.previousElementSibling.remove();
  (element.closest('.verdict-note') ?? element).remove();
}

function reasonItem(reason, sentences, zones) {
  const item = document.createElement('li');
  const strong = Object.assign(document.createElement('strong'), { textContent: sentence(sentences, zones, reason) });
  item.append(strong, ' ', Object.assign(document.createElement('code'), { textContent: reason.code }));
  return item;
}
