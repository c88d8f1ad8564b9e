/**
 * <form data-receiving>: on a bad line what was said goes first and alone, and again until it is answered; the same
 * said twice is one receipt. Then the photos go, one at a time. <form data-more-photos> sends photos alone.
 * The words and buttons are templates/phone/_sending.html.
 */
import { forget } from './draft.js';
import { forgetPhoto, keepPhotos } from './kept-photos.js';
import { photosOf } from './photos.js';

const WAITS_S = [2, 4, 8, 15, 30];
const PATIENCE_MS = 30_000;
const JSON_PLEASE = { Accept: 'application/json' };

/** Forms on their way, so that closing the page is asked about. */
const unsent = new Set();

// Before what else listens to a form: photos.js would put the photos into the form, once.js would count it sent.
document.addEventListener(
  'submit',
  (event) => {
    const form = event.target;
    if (form.matches('[data-receiving]')) {
      event.preventDefault();
      sendAnswer(form);
    } else if (form.matches('[data-more-photos]') && photosOf(form).length) {
      event.preventDefault();
      sendMore(form);
    }
  },
  true,
);

function sendMore(form) {
  const { value } = form.elements.check_id;
  return sendPhotos(form, { photos: form.action, check_id: value, next: location.href, errors: [] });
}

for (const form of document.querySelectorAll('[data-receiving], [data-more-photos]')) begin(form);

/** What is left of an answer that has arrived already goes by itself. */
async function begin(form) {
  const isBack = await keepPhotos(form);
  if (isBack && form.matches('[data-more-photos]')) sendMore(form);
}

window.addEventListener('beforeunload', (event) => {
  if (unsent.size) event.preventDefault();
});

for (const part of document.querySelectorAll('[data-shown-if]')) {
  const [name, value] = part.dataset.shownIf.split('=');
  const form = part.closest('form');
  const show = () => {
    part.hidden = new FormData(form).get(name) !== value;
  };
  form.addEventListener('change', show);
  show();
}

async function sendAnswer(form) {
  if (unsent.has(form)) return;
  const { status, said } = await insist(form, form.action, () => words(form));
  if (status === 200) {
    forget(form);
    form.elements.pin.value = '';
    form.querySelector('button:not([type])').hidden = true;
    return sendPhotos(form, said);
  }
  unsent.delete(form);
  if (status === 400) return refused(form, said.errors);
  // Over, or another page altogether: the server shows what holds.
  location.reload();
}

/** Give what a form says, without its files. */
function words(form) {
  const body = new FormData(form);
  for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
  return body;
}

async function sendPhotos(form, done) {
  const photos = done.photos ? photosOf(form) : [];
  const problems = [...done.errors];
  const told = form.querySelector('[data-when="photos"] [data-words]');
  const bar = form.querySelector('[data-progress]');
  for (const [at, photo] of photos.entries()) {
    told.textContent = told.dataset.words.replace('{number}', at + 1).replace('{count}', photos.length);
    bar.hidden = false;
    bar.max = photos.length;
    bar.value = at;
    const blob = await photo.blob();
    const { status, said } = await insist(form, done.photos, () => onePhoto(form, done, photo, blob), 'photos');
    if (status !== 200) problems.push(...(said?.errors ?? [{ label: '', text: told.dataset.words }]));
    if (status === 404) break;
    await forgetPhoto(photo);
  }
  unsent.delete(form);
  bar.hidden = true;
  if (!problems.length) return location.replace(done.next);
  refused(form, problems);
  const next = form.querySelector('[data-next]');
  next.href = done.next;
  next.hidden = false;
}

function onePhoto(form, done, photo, blob) {
  const body = new FormData();
  body.set('csrfmiddlewaretoken', form.elements.csrfmiddlewaretoken.value);
  body.set('check_id', done.check_id);
  body.set('photo_id', photo.photo_id);
  if (photo.mark_number) body.set('mark_number', photo.mark_number);
  if (form.elements.keeps_place?.checked) body.set('keeps_place', 'on');
  body.set('photos', blob, blob.name ?? 'photo.jpg');
  return body;
}

/** Send until there is an answer that another try would not better; give its status and what it says. */
async function insist(form, url, body, going = 'sending') {
  unsent.add(form);
  for (let tries = 0; ; tries += 1) {
    say(form, going);
    const answer = await tried(url, body());
    if (answer && answer.status < 500 && answer.status !== 429) return answer;
    say(form, 'unsent');
    await again(form, Math.max(WAITS_S[Math.min(tries, WAITS_S.length - 1)], answer?.wait_s ?? 0));
  }
}

async function tried(url, body) {
  const stop = new AbortController();
  const patience = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(url, { method: 'POST', body, headers: JSON_PLEASE, signal: stop.signal });
    const isJson = answer.headers.get('Content-Type')?.startsWith('application/json');
    const said = isJson ? await answer.json() : undefined;
    return { status: answer.status, said, wait_s: Number(answer.headers.get('Retry-After')) || 0 };
  } catch {
    return undefined;
  } finally {
    clearTimeout(patience);
  }
}

/** Wait, or less where the line is back or somebody presses the button. */
function again(form, seconds) {
  const button = form.querySelector('[data-again]');
  button.hidden = false;
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer);
      window.removeEventListener('online', go);
      button.removeEventListener('click', go);
      button.hidden = true;
      resolve();
    };
    const timer = setTimeout(go, seconds * 1000);
    window.addEventListener('online', go);
    button.addEventListener('click', go);
  });
}

/** List what is wrong; what is about a field leads to it, and the field shows it until it is put right. */
function refused(form, errors) {
  const list = form.querySelector('[data-errors]');
  for (const part of form.querySelectorAll('[data-wrong]')) right(part);
  list.replaceChildren(...errors.map((error) => line(form, error)));
  say(form, 'refused');
  form.querySelector('[data-when="refused"]').focus();
}

function line(form, { field, label, text }) {
  const item = document.createElement('li');
  const words = label ? `${label}${/[?？؟]$/.test(label) ? '' : ':'} ${text}` : text;
  const input = field && form.querySelector(`[name="${CSS.escape(field)}"]`);
  if (!input?.id) {
    item.textContent = words;
    return item;
  }
  const part = input.closest('.field');
  part.toggleAttribute('data-wrong', true);
  for (const each of part.querySelectorAll('[name]')) each.setAttribute('aria-invalid', 'true');
  part.addEventListener('input', () => right(part), { once: true });
  const link = item.appendChild(Object.assign(document.createElement('a'), { href: `#${input.id}`, textContent: words }));
  link.addEventListener('click', (event) => {
    event.preventDefault();
    input.focus({ preventScroll: true });
    part.scrollIntoView({ block: 'center' });
  });
  return item;
}

function right(part) {
  part.removeAttribute('data-wrong');
  for (const each of part.querySelectorAll('[aria-invalid]')) each.removeAttribute('aria-invalid');
}

function say(form, when) {
  form.querySelector('[data-sending]').hidden = false;
  for (const part of form.querySelectorAll('[data-when]')) part.hidden = part.dataset.when !== when;
  form.toggleAttribute('data-busy', when === 'sending' || when === 'photos');
}
