/** The lists: selecting many rows, keys, pasting a column, addresses without empty fields. */

const list = () => document.querySelector('[data-list]');
const rows = () => [...document.querySelectorAll('[data-list] tbody tr')];
const box = (row) => row?.querySelector('input[name="row"]');
const isTyping = (element) => element.closest?.('input:not([type="checkbox"]), textarea, select, [contenteditable], dialog[open]');

let last = null;

document.addEventListener('click', (event) => {
  const opener = event.target.closest('[data-keys]');
  if (opener) document.querySelector('#keys').showModal();
  if (!event.target.matches('[data-list] input[name="row"]')) return;
  if (event.shiftKey && last?.isConnected) pickBetween(last, event.target);
  last = event.target;
  tell();
});

document.addEventListener('change', (event) => {
  if (event.target.matches('[data-pick-all]')) {
    for (const row of rows()) box(row).checked = event.target.checked;
    tell();
  } else if (event.target.matches('[data-list] input[name="row"], [data-list] input[name="all"]')) tell();
});

function pickBetween(one, other) {
  const boxes = rows().map(box);
  const [from, to] = [boxes.indexOf(one), boxes.indexOf(other)].sort((a, b) => a - b);
  for (const each of boxes.slice(from, to + 1)) each.checked = other.checked;
}

/** Say how many are selected, and offer only what can be done to so many. */
function tell() {
  const boxes = rows().map(box).filter(Boolean);
  const picked = boxes.filter((one) => one.checked).length;
  const all = document.querySelector('[data-pick-all]');
  if (all) {
    all.checked = picked === boxes.length && picked > 0;
    all.indeterminate = picked > 0 && picked < boxes.length;
  }
  const count = document.querySelector('[data-picked-count]');
  const fits = document.querySelector('input[name="all"]');
  if (count) count.textContent = fits?.checked ? '' : picked;
  for (const button of document.querySelectorAll('[data-one]')) button.disabled = picked !== 1 || Boolean(fits?.checked);
}

document.addEventListener('keydown', (event) => {
  if (!list() || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const act = { j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1), x: pick, '?': showKeys }[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

/** Move to the next or previous row: focus goes to its link, so Enter opens it. */
function move(step) {
  const all = rows();
  const here = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[here < 0 ? (step > 0 ? 0 : all.length - 1) : here + step];
  next?.querySelector('th a, th input, a')?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

function pick() {
  const mine = box(rows().find((row) => row.contains(document.activeElement)));
  if (!mine) return;
  mine.checked = !mine.checked;
  last = mine;
  tell();
}

const showKeys = () => document.querySelector('#keys')?.showModal();

// A field of one line would run the lines of a column into one another.
document.addEventListener('paste', (event) => {
  const text = event.clipboardData?.getData('text') ?? '';
  if (!event.target.matches('[data-search]') || !/[\r\n\t]/.test(text.trim())) return;
  event.preventDefault();
  event.target.setRangeText(text.trim().replace(/[\r\n\t]+/g, ', '), event.target.selectionStart, event.target.selectionEnd, 'end');
});

// What is not said has no place in an address that is kept and shared.
document.addEventListener('htmx:configRequest', (event) => {
  if (!event.target.matches('#list-ask')) return;
  const said = event.detail.formData;
  for (const [name, value] of [...said.entries()]) if (value === '') said.delete(name);
});

// Whoever sets one filter may want another.
let isFiltering = false;
document.addEventListener('htmx:beforeSwap', (event) => {
  if (event.detail.target?.id === 'list') isFiltering = Boolean(document.querySelector('#list-filters')?.open);
});

document.addEventListener('htmx:afterSettle', (event) => {
  if (event.target.id !== 'list' && !event.target.matches?.('[data-list]')) return;
  last = null;
  const filters = document.querySelector('#list-filters');
  if (filters && isFiltering) filters.open = true;
  const asked = new URLSearchParams(location.search);
  for (const position of ['before', 'after']) asked.delete(position);
  for (const link of document.querySelectorAll('[data-export]')) link.search = asked;
  tell();
});

tell();
