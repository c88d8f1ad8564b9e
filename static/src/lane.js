import './tokens.css';
import './lane.css';
import './verdict.css';
import './viewfinder.css';
import './examination.js';
import { fade } from './fade.js';
import { offline } from './offline/lane.js';
import { sound } from './sound.js';
import { openViewfinder } from './viewfinder.js';

const TIMEOUT_MS = 8000;
/** A text no longer than this was typed; a code is far longer. */
const LONGEST_TYPED = 20;

const form = document.querySelector('#scan-form');
if (form) openLane(form, document.querySelector('#verdict'));

/** Submit codes without leaving the page. Without JavaScript the same form posts to the same address. */
function openLane(form, verdict) {
  const code = form.elements.code;
  const scanId = form.elements.scan_id;
  /** The code whose answer never came, with the scan id it was sent under: sent again, it is the same scan. */
  let unanswered = null;
  let sending = false;

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = code.value.trim();
    if (text && !sending) scan(text);
  });

  verdict.addEventListener('click', (event) => {
    if (event.target.closest('[data-retry]') && unanswered && !sending) scan(unanswered.text);
  });

  // An examination's outcome is posted from inside the verdict and answered with the next one.
  verdict.addEventListener('submit', (event) => {
    const outcome = event.target.closest('form[data-swap]');
    if (!outcome || sending) return;
    event.preventDefault();
    send(outcome.action, new FormData(outcome, event.submitter), () => show('lane-fault-outcome'));
  });

  function scan(text) {
    const id = unanswered?.text === text ? unanswered.id : newId();
    unanswered = { text, id };
    scanId.value = id;
    code.value = text;
    return send(form.action, new FormData(form), () => judgeOffline(text, id), offline.isDown()).then((answered) => {
      if (answered === 'online') offline.saw(text, verdict.querySelector('[data-verdict]').dataset.verdict);
      if (answered) {
        showTyped(text);
        unanswered = null;
        code.value = scanId.value = '';
      } else code.select();
      return answered;
    });
  }

  /** Beside the word that it is no code, what was typed: one wrong letter is found by comparing. */
  function showTyped(text) {
    const reason = verdict.querySelector('.reasons code');
    if (reason?.textContent !== 'unreadable' || text.length > LONGEST_TYPED) return;
    reason.before(Object.assign(document.createElement('bdi'), { className: 'typed', textContent: text }));
  }

  /** Take a code from the camera; what the officer was typing or writing is never lost by it. */
  function takeFromCamera(text) {
    if (sending) return 'busy';
    if ([...verdict.querySelectorAll('form')].some(isTouched)) return 'writing';
    const typed = code.value;
    return scan(text).then((answered) => {
      if (answered) code.value = typed;
      return answered;
    });
  }

  /** Without an answer the page judges by its list, if it has one. */
  async function judgeOffline(text, id) {
    const fragment = await offline.answer(text, id).catch((fault) => console.error(fault));
    if (!fragment) return show('lane-fault');
    put(fragment);
    return 'offline';
  }

  /** Post, and swap the verdict for the fragment in the answer; where none comes, give what `fail` does about it. */
  async function send(address, body, fail, isDown = false) {
    sending = true;
    verdict.setAttribute('aria-busy', 'true');
    try {
      if (isDown) return await fail();
      const answer = await fetch(address, {
        method: 'POST',
        body,
        headers: { 'HX-Request': 'true' },
        signal: AbortSignal.timeout(address === form.action ? offline.patience(TIMEOUT_MS) : TIMEOUT_MS),
      });
      // Signed out, or the form is from another sign-in: only a full page can put that right.
      if (answer.redirected || answer.status === 403) return location.reload();
      const html = await answer.text();
      if (!html.includes('data-verdict')) throw new Error(`${answer.status} without a verdict`);
      swap(html);
      return 'online';
    } catch {
      return await fail();
    } finally {
      sending = false;
      verdict.removeAttribute('aria-busy');
      if (!verdict.querySelector('textarea, [autofocus]')) code.focus();
    }
  }

  function swap(html) {
    const fragment = document.createElement('template');
    fragment.innerHTML = html;
    put(fragment.content);
  }

  function show(templateId) {
    put(document.getElementById(templateId).content.cloneNode(true));
  }

  function put(content) {
    for (const part of content.querySelectorAll('[data-part]')) document.getElementById(part.id).replaceWith(part);
    verdict.replaceChildren(content);
    // The word comes first, wherever in the verdict before the officer was reading.
    verdict.scrollIntoView({ block: verdict.getBoundingClientRect().top < 0 ? 'start' : 'nearest' });
    verdict.querySelector('[autofocus]')?.focus();
    sound(verdict.querySelector('[data-verdict]')?.dataset.verdict);
  }

  // A reader types wherever the focus is, so it belongs on the code unless the officer moved it on purpose.
  document.addEventListener('keydown', (event) => {
    const presses = event.key === ' ' && event.target.closest('button, summary');
    const plain = event.key.length === 1 && !presses && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === 'Escape' || (plain && !event.target.closest('input, textarea, select'))) {
      for (const menu of document.querySelectorAll('details[open]')) menu.open = false;
      code.focus();
    }
    if (event.key === 'Escape') code.value = '';
  });
  window.addEventListener('focus', () => document.activeElement === document.body && code.focus());
  verdict.addEventListener('pointerup', (event) => {
    if (!event.target.closest('a, button, input, textarea, select, label') && getSelection().isCollapsed) code.focus();
  });

  // Beside a camera the screen's own keyboard would only hide the verdict, until the officer touches the field.
  const keyboard = (isWanted) => (isWanted ? code.removeAttribute('inputmode') : (code.inputMode = 'none'));
  let sees = false;
  document.addEventListener('camera', ({ detail: { isOpen } }) => {
    sees = isOpen;
    keyboard(!isOpen);
    code.focus();
  });
  code.addEventListener('pointerdown', () => keyboard(true));
  code.addEventListener('blur', () => keyboard(!sees));

  const viewfinder = document.querySelector('#viewfinder');
  if (viewfinder) openViewfinder(viewfinder, takeFromCamera);
  fade(verdict, document.getElementById('lane-wait'));
  if (document.activeElement === document.body) code.focus();
  sound(verdict.querySelector('[data-verdict]')?.dataset.verdict);
}

/** Say whether somebody has begun to fill a form in. */
function isTouched(form) {
  const changed = (field) =>
    field.type === 'checkbox' || field.type === 'radio'
      ? field.checked !== field.defaultChecked
      : field.matches('textarea, input') && field.value !== field.defaultValue;
  return [...form.elements].some((field) => changed(field) || (field === document.activeElement && field.matches('textarea, input')));
}

/** Make a random UUID; crypto.randomUUID is missing on a page that came over plain HTTP from another machine. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
