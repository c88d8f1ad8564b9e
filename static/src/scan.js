/** Reads VIN labels by the camera and sends each as if it had been typed. */
import { canOpen, makeCamera } from './camera.js';
import { sound } from './sound.js';

const OPTIONS = { formats: ['Code39', 'Code128', 'DataMatrix', 'QRCode'], maxNumberOfSymbols: 4, tryHarder: true };
const VIN = /[A-HJ-NPR-Z0-9]{17}/;
/** A label that stays in the picture is one label; gone so long, it is another look at it. */
const FORGET_MS = 2500;

const form = document.querySelector('#find');
const box = document.querySelector('[data-camera]');
const video = box.querySelector('video');
const start = box.querySelector('[data-start]');
const said = box.querySelector('[data-said]');
const camera = makeCamera(video, { options: OPTIONS, look, lost: none });
let last = { text: '', at: 0 };

start.addEventListener('click', open);
if (canOpen()) {
  start.hidden = false;
  navigator.permissions
    ?.query({ name: 'camera' })
    .then((permission) => permission.state === 'granted' && open())
    .catch(() => {});
}

async function open() {
  try {
    await camera.open();
  } catch {
    return none();
  }
  video.hidden = false;
  start.hidden = true;
  said.textContent = said.dataset.look;
}

function none() {
  video.hidden = true;
  start.hidden = false;
  said.textContent = said.dataset.none;
}

function look(read) {
  const text = read.map((one) => one.text).find((one) => VIN.test(one.toUpperCase()));
  if (text) take(text);
}

function take(text) {
  const now = performance.now();
  const isNew = text !== last.text || now - last.at > FORGET_MS;
  last = { text, at: now };
  if (!isNew) return;
  form.elements.q.value = text;
  form.requestSubmit();
}

document.addEventListener('htmx:afterSwap', (event) => {
  if (event.detail.target.id !== 'car') return;
  form.elements.q.value = '';
  sound(event.detail.target.querySelector('[data-sound]')?.dataset.sound);
});
