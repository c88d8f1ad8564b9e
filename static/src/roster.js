// Nobody drives two vehicles: whoever is chosen here gives his other vehicle the driver this one had.
// Without this the preview says so.
const drivers = (form) => [...form.querySelectorAll('select[data-one-each]')];
const held = new WeakMap();

document.addEventListener('focusin', (event) => {
  if (!event.target.matches('select[data-one-each]')) return;
  held.set(event.target, event.target.value);
  complete(event.target);
});

/** Where a page with many vehicles lists only some drivers with each, add the others once they may be wanted. */
function complete(select) {
  const all = document.getElementById(select.dataset.all);
  if (!all) return;
  delete select.dataset.all;
  const known = new Set([...select.options].map((option) => option.value));
  const group = document.createElement('optgroup');
  group.label = all.dataset.label;
  group.append(...[...all.options].filter((one) => !known.has(one.value)).map((one) => one.cloneNode(true)));
  if (group.children.length) select.append(group);
}

// A driver may also be dragged to a vehicle, from another vehicle or from those without one.
let dragged = '';

document.addEventListener('dragstart', (event) => {
  const handle = event.target.closest?.('[data-drag]');
  if (!handle) return;
  dragged = handle.dataset.drag || handle.closest('tr').querySelector('select[data-one-each]').value;
  if (!dragged) return event.preventDefault();
  event.dataTransfer.setData('text/plain', handle.textContent.trim());
  event.dataTransfer.effectAllowed = 'move';
});

/** Give the choice of the vehicle that is dragged over. */
const under = (event) => dragged && event.target.closest?.('.fm-roster tbody tr')?.querySelector('select[data-one-each]');

document.addEventListener('dragover', (event) => {
  const select = under(event);
  mark(select && !select.disabled ? select.closest('tr') : null);
  if (select && !select.disabled) event.preventDefault();
});

document.addEventListener('drop', (event) => {
  const select = under(event);
  if (!select) return;
  event.preventDefault();
  complete(select);
  if ([...select.options].some((option) => option.value === dragged)) {
    held.set(select, select.value);
    select.value = dragged;
    select.dispatchEvent(new Event('change', { bubbles: true }));
  } else {
    say(select, (said) => said.dataset.cannot);
  }
});

document.addEventListener('dragend', () => {
  dragged = '';
  mark(null);
});

function mark(row) {
  for (const other of document.querySelectorAll('[data-over]')) if (other !== row) other.removeAttribute('data-over');
  row?.setAttribute('data-over', '');
}

function say(select, words) {
  const said = select.form.querySelector('[data-swapped]');
  said.textContent = `${select.closest('tr').querySelector('.fm-vin').textContent}: ${words(said)}`;
}

document.addEventListener('change', (event) => {
  const select = event.target;
  if (!select.matches('select[data-one-each]')) return;
  const before = held.get(select) ?? '';
  held.set(select, select.value);
  const tick = select.closest('tr').querySelector('input[name="take"]');
  tick.checked = select.value !== '';
  const other = select.value && drivers(select.form).find((one) => one !== select && one.value === select.value);
  if (other) give(other, before);
});

function give(select, driver) {
  complete(select);
  const option = driver && [...select.options].find((one) => one.value === driver);
  select.value = option ? driver : '';
  const row = select.closest('tr');
  row.querySelector('input[name="take"]').checked = Boolean(option);
  row.toggleAttribute('data-changed', true);
  say(select, (said) => (option ? said.dataset.swapped : said.dataset.left));
}
