/** The lane's camera: one code after another without a touch, each sent once. */
import { canOpen, makeCamera } from './camera.js';

const OPTIONS = { formats: ['QRCode'], maxNumberOfSymbols: 4, tryHarder: true, tryInvert: false, returnErrors: true };
/** The shape of ours, whoever's host it names; the server judges what is in it. */
const OURS = /^((https?:\/\/)?[^/\s]+\/p\/[^/\s]+|[A-Z2-7]{200,})$/i;
/** A code is in the picture until it has not been read for so long. */
const IN_VIEW_MS = 600;
/** One that was sent is the same scan until it has been away for so long. */
const FORGET_MS = 2500;
/** Two looks must agree, so that a second code in the picture is not overlooked in one of them. */
const AGREED = 2;
const HINT_AFTER_MS = 5000;
const HINT_STAYS_MS = 1500;
const CHOICE = 'ferryman.lane.camera';

/**
 * Read by the camera and hand each new code to `take`. It gives a promise of whether an answer came, or says why
 * it does not take the code now: "busy" while another answer is awaited, "writing" while the officer writes.
 */
export function openViewfinder(box, take) {
  const part = (name) => box.querySelector(`[data-${name}]`);
  const [says, start, stop, torch, choice, anyway] = ['says', 'start', 'stop', 'torch', 'choice', 'anyway'].map(part);
  const camera = makeCamera(box.querySelector('video'), { options: OPTIONS, look, lost: fail });
  const seen = new Map();
  let agreed = { text: '', looks: 0 };
  let taken = '';
  let outcome = 'busy';
  let readAt = 0;
  let said = { name: '', at: 0 };
  let foreign = '';

  start.addEventListener('click', () => open(remembered()?.id));
  stop.addEventListener('click', shut);
  choice.addEventListener('change', () => {
    remember({ on: true, id: choice.value });
    open(choice.value);
  });
  torch.addEventListener('click', light);
  anyway.addEventListener('click', () => send(foreign));
  document.addEventListener('visibilitychange', () => camera.isOpen && !document.hidden && stayAwake());
  box.hidden = false;
  if (!canOpen()) fail('insecure');
  else if (remembered()?.on) open(remembered().id);

  async function open(id) {
    tell('opening');
    torch.hidden = true;
    try {
      await camera.open(id);
    } catch (error) {
      return fail(error.message);
    }
    readAt = performance.now();
    remember({ on: true, id: camera.id });
    draw();
    idle();
    list();
    stayAwake();
  }

  function shut() {
    camera.close();
    remember({ on: false, id: remembered()?.id });
    draw();
    tell('closed');
  }

  function fail(trouble) {
    camera.close();
    draw();
    tell(trouble);
    box.dataset.trouble = trouble;
  }

  function draw() {
    delete box.dataset.trouble;
    box.toggleAttribute('data-open', camera.isOpen);
    start.hidden = camera.isOpen;
    stop.hidden = !camera.isOpen;
    torch.hidden = !camera.hasTorch;
    torch.setAttribute('aria-pressed', 'false');
    anyway.hidden = true;
    if (!camera.isOpen) choice.hidden = true;
    box.dispatchEvent(new CustomEvent('camera', { bubbles: true, detail: { isOpen: camera.isOpen } }));
  }

  async function list() {
    const cameras = await camera.others();
    const options = cameras.map((one, place) => new Option(one.label || `${place + 1}`, one.deviceId));
    choice.replaceChildren(...options);
    choice.value = camera.id;
    choice.hidden = cameras.length < 2;
  }

  async function light() {
    const on = torch.getAttribute('aria-pressed') !== 'true';
    await camera.light(on).catch(() => {});
    torch.setAttribute('aria-pressed', String(on));
  }

  /** Judge one look: nothing of ours, one code, or several. */
  function look(read) {
    const now = performance.now();
    const texts = read.filter((one) => one.isValid && one.text).map((one) => one.text);
    for (const text of texts.filter((one) => OURS.test(one))) seen.set(text, now);
    for (const [text, at] of seen) if (now - at > (text === taken ? FORGET_MS : IN_VIEW_MS)) forget(text);
    if (texts.length) readAt = now;
    const inView = [...seen.keys()].filter((text) => now - seen.get(text) <= IN_VIEW_MS);
    if (inView.length > 1) return several();
    if (inView.length === 1 && seen.get(inView[0]) === now) return one(inView[0]);
    if (!inView.length && texts.length) return texts[0] === taken ? seen.set(taken, now) : other(texts[0]);
    if (now - readAt > HINT_AFTER_MS && (read.length || !isSilent())) tell(read.length ? 'damaged' : 'nothing');
    else if (!inView.length && now - said.at > HINT_STAYS_MS) idle();
  }

  /** Until the page was touched, browsers let it make no sound (sound.js). */
  const isSilent = () => navigator.userActivation?.hasBeenActive === false;

  function idle() {
    tell(isSilent() ? 'silent' : 'look');
  }

  function forget(text) {
    seen.delete(text);
    if (text === taken) taken = '';
  }

  function several() {
    agreed = { text: '', looks: 0 };
    tell('two');
  }

  function one(text) {
    if (text === taken) return tell(outcome);
    agreed = { text, looks: text === agreed.text ? agreed.looks + 1 : 1 };
    if (agreed.looks >= AGREED) send(text);
  }

  async function send(text) {
    const answer = take(text);
    if (typeof answer === 'string') return tell(answer);
    taken = text;
    tell((outcome = 'busy'));
    outcome = (await answer) ? 'done' : 'unanswered';
  }

  function other(text) {
    foreign = text;
    tell('foreign');
  }

  /** Say it once, however many looks find the same. */
  function tell(name) {
    const now = performance.now();
    if (name !== said.name) says.textContent = box.querySelector(`template[data-${name}]`)?.content.textContent ?? '';
    said = { name, at: now };
    box.dataset.saying = name;
    anyway.hidden = name !== 'foreign';
  }

  const remember = (what) => localStorage.setItem(CHOICE, JSON.stringify(what));

  function remembered() {
    try {
      return JSON.parse(localStorage.getItem(CHOICE));
    } catch {
      return null;
    }
  }
}

/** Keep the screen lit while the camera looks; a browser takes the lock back whenever the page is hidden. */
function stayAwake() {
  navigator.wakeLock?.request('screen').catch(() => {});
}
