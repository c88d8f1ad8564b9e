/** “This is not my phone”: asks, and deletes all that drivers' pages keep here. */
import { dropAll } from './keep.js';
import { queue } from './queue-line.js';

const MARK = 'ferryman-phone-forgotten';
const STORE = 'ferryman-phone';
const PATIENCE_MS = 3000;
const part = document.querySelector('[data-forget]');
if (part) begin();

function begin() {
  const find = (name) => part.querySelector(`[data-forget-${name}]`);
  const ask = find('ask');
  const question = find('question');
  const open = (isOpen) => {
    question.hidden = !isOpen;
    ask.setAttribute('aria-expanded', isOpen);
    (isOpen ? find('no') : ask).focus();
  };
  part.hidden = false;
  ask.addEventListener('click', async () => {
    find('waiting').hidden = !(await waiting());
    open(question.hidden);
  });
  find('no').addEventListener('click', () => open(false));
  find('yes').addEventListener('click', forget);
  // Another window of this page must not keep it anew.
  window.addEventListener('storage', (event) => event.key === MARK && event.newValue && leave());
}

/** Whoever told it: all of it goes. */
const waiting = async () => ((await queue?.waiting(null)) ?? 0) > 0;

async function forget() {
  queue?.stop();
  try {
    localStorage.clear();
    sessionStorage.clear();
    localStorage.setItem(MARK, Date.now());
    localStorage.removeItem(MARK);
  } catch {
    // Without storage there is nothing in it.
  }
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  await Promise.race([Promise.allSettled([dropAll(), dropStore()]), late]);
  leave();
}

const dropStore = () =>
  new Promise((resolve) => {
    const asked = globalThis.indexedDB?.deleteDatabase(STORE);
    if (!asked) return resolve();
    asked.onsuccess = asked.onerror = asked.onblocked = resolve;
  });

/** Go to the empty page, or show it where there is no signal; no address of the link stays on the screen. */
async function leave() {
  document.documentElement.dataset.forgotten = 'yes';
  const isThere = await fetch(part.dataset.forget).then((answer) => answer.ok, () => false);
  if (isThere) return location.replace(part.dataset.forget);
  history.replaceState(null, '', part.dataset.forget);
  const empty = document.importNode(document.querySelector('#forgotten').content, true);
  document.querySelector('main').replaceChildren(empty);
  document.querySelector('header details')?.remove();
  document.querySelector('footer').replaceChildren();
  document.querySelector('link[rel=manifest]')?.remove();
}
