/**
 * An examination's form (templates/lane/_outcome.html): compares and sends photos one by one while the officer
 * goes on looking. The outcome itself is sent by the lane. Everything works without this, in whole posts.
 */
import './examination.css';
import { canOpen, makeCamera } from './camera.js';

const LABELS = { formats: ['Code39', 'Code128', 'DataMatrix', 'QRCode'], maxNumberOfSymbols: 4, tryHarder: true };
const VIN = /[A-HJ-NPR-Z0-9]{17}/;
const PARTS = ['exam-wrong', 'exam-compared', 'exam-photos'];

// Before the lane's own listener: what goes to an address of its own is not the outcome.
document.addEventListener(
  'submit',
  (event) => {
    const form = event.target;
    if (!form.matches('form.exam')) return;
    const keep = () => {
      event.preventDefault();
      event.stopPropagation();
    };
    if (event.submitter?.hasAttribute('formaction')) {
      keep();
      send(form, event.submitter);
    } else if (isSending(form)) {
      keep();
      photosOf(form).decide(event.submitter);
    } else {
      shut(form);
    }
  },
  true,
);

// Enter in a field compares that field, not the first one.
document.addEventListener('keydown', (event) => {
  const line = event.key === 'Enter' && event.target.closest('.exam-reading');
  if (!line) return;
  event.preventDefault();
  event.target.form.requestSubmit(line.querySelector('[formaction]'));
});

/** Post the form to the button's own address and put the parts in the answer in the old ones' places. */
async function send(form, button) {
  const field = button.closest('.exam-reading')?.querySelector('input');
  button.setAttribute('aria-busy', 'true');
  try {
    const body = new FormData(form, button);
    body.delete('photos');
    const answer = await fetch(button.formAction, { method: 'POST', body, headers: { 'HX-Request': 'true' } });
    await put(form, answer.ok || answer.status < 500 ? answer : null);
    if (field && answer.ok) field.value = '';
  } catch {
    button.setAttribute('data-failed', '');
  } finally {
    button.removeAttribute('aria-busy');
    form.elements.by_camera.value = '';
  }
}

async function put(form, answer) {
  if (!answer) throw new Error('no answer');
  // Signed out, or decided by somebody else meanwhile: only a full page can tell.
  if (answer.redirected || answer.status === 403 || answer.status === 404) return location.reload();
  draw(form, await answer.text());
}

function draw(form, html) {
  const fragment = document.createElement('template');
  fragment.innerHTML = html;
  for (const id of PARTS) {
    const part = fragment.content.getElementById(id);
    if (part) form.querySelector(`#${id}`).replaceWith(part);
  }
  form.querySelector('#exam-wrong [tabindex]')?.focus();
  for (const told of form.querySelectorAll('#exam-compared [data-item]')) answer(form, told.dataset);
}

/** Tick what a comparison answers; what the officer ticked himself stands. */
function answer(form, { item, answer: said }) {
  const fieldset = form.querySelector(`fieldset[data-item="${item}"]`);
  const chosen = fieldset?.querySelector(':checked');
  if (!fieldset || (chosen && !('byComparison' in fieldset.dataset))) return;
  fieldset.dataset.byComparison = '';
  fieldset.querySelector(`[value="${said}"]`).checked = true;
}

document.addEventListener('change', (event) => {
  const form = event.target.form;
  if (!form?.matches('.exam')) return;
  if (event.target.type === 'radio') delete event.target.closest('fieldset').dataset.byComparison;
  if (event.target.type === 'file') {
    photosOf(form).add([...event.target.files]);
    event.target.value = '';
  }
});

// --- Photos: each its own post, with its progress; one that fails waits for a word --------------------

const queues = new WeakMap();
const isSending = (form) => queues.has(form) && queues.get(form).isBusy;

function photosOf(form) {
  if (!queues.has(form)) queues.set(form, makePhotos(form));
  return queues.get(form);
}

function makePhotos(form) {
  const box = form.querySelector('[data-photos]');
  const list = form.querySelector('[data-exam-sending]');
  const waits = form.querySelector('[data-exam-waits]');
  const address = form.querySelector('[data-exam-add]').formAction;
  const words = box.dataset;
  const queue = [];
  let under = false;
  /** The button of an outcome that waits until all photos have arrived. */
  let outcome = null;

  async function run() {
    if (under) return;
    under = true;
    for (let one = next(); one; one = next()) await sendOne(one);
    under = false;
    if (outcome && queue.length) waits.textContent = words.left;
    if (!outcome || queue.length) return;
    const button = outcome;
    outcome = null;
    waits.textContent = '';
    form.requestSubmit(button);
  }

  const next = () => queue.find((one) => !one.failed);

  async function sendOne(one) {
    const body = new FormData();
    body.set('csrfmiddlewaretoken', form.elements.csrfmiddlewaretoken.value);
    body.set('photos', one.file, one.file.name || 'photo.jpg');
    try {
      draw(form, await post(address, body, one.bar));
      leave(one);
    } catch {
      fail(one);
    }
  }

  function fail(one) {
    one.failed = true;
    const again = button(words.again, () => {
      one.failed = false;
      again.remove();
      out.remove();
      one.said.textContent = words.sending;
      run();
    });
    const out = button(words.out, () => {
      leave(one);
      run();
    });
    one.said.textContent = words.failed;
    one.row.append(again, out);
  }

  function leave(one) {
    queue.splice(queue.indexOf(one), 1);
    one.row.remove();
    if (!queue.length) waits.textContent = '';
  }

  return {
    get isBusy() {
      return queue.length > 0;
    },
    add(files) {
      for (const file of files) {
        const row = list.appendChild(document.createElement('li'));
        const said = row.appendChild(document.createElement('span'));
        const bar = row.appendChild(document.createElement('progress'));
        said.textContent = bar.ariaLabel = words.sending;
        bar.max = 100;
        bar.value = 0;
        queue.push({ file, row, said, bar, failed: false });
      }
      run();
    },
    decide(button) {
      outcome = button;
      waits.textContent = queue.every((one) => one.failed) ? words.left : words.waits;
    },
  };
}

function button(words, press) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = 'btn';
  made.textContent = words;
  made.addEventListener('click', press);
  return made;
}

/** Post with progress, which fetch cannot tell; gives the fragment in the answer. */
function post(address, body, bar) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', address);
    request.setRequestHeader('HX-Request', 'true');
    request.upload.addEventListener('progress', ({ loaded, total }) => (bar.value = (100 * loaded) / total));
    request.addEventListener('load', () => {
      const isOurs = request.responseText.includes('id="exam-photos"');
      return isOurs ? resolve(request.responseText) : reject(new Error(`${request.status}`));
    });
    for (const name of ['error', 'abort', 'timeout']) request.addEventListener(name, () => reject(new Error(name)));
    request.send(body);
  });
}

// --- The camera, for the VIN label --------------------------------------------------------------------

const cameras = new WeakMap();

document.addEventListener('click', (event) => {
  const form = event.target.closest('form.exam');
  if (form && event.target.closest('[data-read-vin]')) read(form);
  if (form && event.target.closest('[data-exam-shut]')) shut(form);
});

async function read(form) {
  const box = form.querySelector('[data-exam-camera]');
  const say = (name) => {
    box.querySelector('[data-exam-says]').textContent = box.querySelector(`template[data-${name}]`).content.textContent;
  };
  box.hidden = false;
  if (!cameras.has(form)) {
    const camera = makeCamera(box.querySelector('video'), { options: LABELS, look, lost: () => say('trouble') });
    cameras.set(form, camera);
  }
  try {
    await cameras.get(form).open();
    say('look');
  } catch {
    say('trouble');
  }

  function look(found) {
    const text = found.map((one) => one.text).find((one) => VIN.test(one.toUpperCase()));
    if (!text || !cameras.get(form).isOpen) return;
    shut(form);
    form.elements.vin.value = text;
    form.elements.by_camera.value = 'on';
    form.requestSubmit(form.querySelector('[formaction][value=vin]'));
  }
}

function shut(form) {
  cameras.get(form)?.close();
  form.querySelector('[data-exam-camera]').hidden = true;
}

let last = null;

// Forms come with each verdict; what needs a script shows itself, and a form that went away gives the camera back.
new MutationObserver(prepare).observe(document.documentElement, { childList: true, subtree: true });
prepare();

function prepare() {
  const form = document.querySelector('form.exam');
  if (form === last) return;
  if (last) cameras.get(last)?.close();
  last = form;
  if (!form) return;
  form.querySelector('[data-read-vin]').hidden = !canOpen();
  form.querySelector('[data-exam-add]').hidden = true;
}
