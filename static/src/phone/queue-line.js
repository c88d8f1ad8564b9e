/**
 * <div data-queue> (templates/phone/_queue.html): says what waits and what was refused, and keeps sending.
 * <nav data-acts> (templates/phone/_acts.html): what was told on this phone is done, even if the server does not know yet.
 */
import { Queue } from './queue.js';

const EVERY_MS = 15_000;
const LONGEST_MS = 300_000;

const box = document.querySelector('[data-queue]');

/** The queue of the driver whose page this is; null on other pages. */
export const queue = box ? new Queue({ of: box.dataset.queue, url: box.dataset.url }) : null;

let every = EVERY_MS;
let timer;
/** Something waited when this page opened, or was sent from it. */
let hadWords = false;

/** Send what waits, now and again until nothing does. */
export async function send() {
  clearTimeout(timer);
  const isDone = await queue.send().catch(() => false);
  every = isDone || queue.halted === 'busy' ? EVERY_MS : Math.min(LONGEST_MS, every * 2);
  timer = setTimeout(send, queue.halted === 'busy' ? queue.wait_s * 1000 : every);
  await show();
}

/** The line may be back. */
function sendSoon() {
  if (document.hidden) return;
  every = EVERY_MS;
  send();
}

async function show() {
  const count = await queue.waiting();
  hadWords ||= count > 0 || queue.hasSent;
  const line = box.querySelector('.queue-line');
  const words = [];
  if (count) words.push(box.dataset.waiting.replace('{count}', count));
  else if (hadWords && !(await queue.refused()).length) words.push(box.dataset.sent);
  if (queue.isFull) words.push(box.dataset.full);
  if (count && queue.halted === 'link') words.push(box.dataset.noLink);
  const text = words.join('. ');
  if (line.textContent !== text) line.textContent = text;
  box.dataset.count = count;
  await showRefused();
  await showActs();
}

async function showRefused() {
  const list = box.querySelector('.queue-refused');
  const rows = await queue.refused();
  if (list.dataset.seqs === String(rows.map(({ seq }) => seq))) return;
  list.dataset.seqs = rows.map(({ seq }) => seq);
  list.replaceChildren(...rows.map(refusedItem));
}

function refusedItem({ seq, telling, errors }) {
  const item = document.createElement('li');
  item.className = 'note';
  item.dataset.tone = 'stop';
  const told = document.createElement('div');
  const at = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'short', timeStyle: 'short' });
  const head = document.createElement('b');
  head.textContent = `${box.dataset.notTaken}: ${box.getAttribute(`data-kind-${telling.kind}`)}, ${at.format(new Date(telling.told_at))}`;
  told.append(head, ...errors.map(({ detail }) => Object.assign(document.createElement('p'), { textContent: detail })));
  const button = Object.assign(document.createElement('button'), { type: 'button', className: 'btn btn-plain', textContent: box.dataset.seen });
  button.addEventListener('click', () => queue.dismiss(seq));
  told.append(button);
  item.append(told);
  return item;
}

async function showActs() {
  for (const acts of document.querySelectorAll('[data-acts]')) {
    const told = await queue.told(acts.dataset.acts);
    if (!told.size) continue;
    const links = [...acts.querySelectorAll('[data-act]')];
    for (const link of links) if (told.has(link.dataset.act)) link.hidden = true;
    const next = links.find((link) => !told.has(link.dataset.act));
    if (!next) continue;
    next.hidden = false;
    // After the hand-over only the way home is left; before it, the code comes first.
    if (next.dataset.act === 'back') next.classList.remove('btn-plain');
  }
}

if (queue) {
  queue.addEventListener('changed', show);
  window.addEventListener('online', sendSoon);
  window.addEventListener('pageshow', sendSoon);
  document.addEventListener('visibilitychange', sendSoon);
  // The part that is asked for again comes as the server knows it.
  document.addEventListener('fm:page', showActs);
}
