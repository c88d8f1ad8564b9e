/**
 * <form data-receiving="NAME">: what was filled in outlives the page's being thrown away (a phone does that while its
 * camera is open), in this tab alone and until it was answered. The PIN is never kept; photos are, by kept-photos.js.
 */
const NEVER = new Set(['pin', 'csrfmiddlewaretoken']);

/** Name a form's draft; a form that is gone has none. */
const nameOf = (form) => `draft ${location.pathname.toLowerCase()} ${form.dataset.receiving}`;

for (const form of document.querySelectorAll('form[data-receiving]')) {
  // What the server sent back filled in stands.
  if (!document.querySelector('main > .note[data-tone="stop"]')) restore(form);
  for (const event of ['input', 'change', 'click']) form.addEventListener(event, () => setTimeout(() => keep(form)));
}

function keep(form) {
  if (form.dataset.isAnswered) return;
  const said = [...new FormData(form)].filter(([name, value]) => typeof value === 'string' && !NEVER.has(name));
  try {
    sessionStorage.setItem(nameOf(form), JSON.stringify(said));
  } catch {
    // A private window may keep nothing; the page itself still has it all.
  }
}

export function forget(form) {
  form.dataset.isAnswered = 'yes';
  try {
    sessionStorage.removeItem(nameOf(form));
  } catch {
    // There was nothing.
  }
}

function restore(form) {
  let said;
  try {
    said = JSON.parse(sessionStorage.getItem(nameOf(form))) ?? [];
  } catch {
    return;
  }
  const outline = form.querySelector('[data-outline]');
  for (const [name, value] of said) {
    const mark = /^mark-(\d+)-where$/.exec(name);
    if (mark && value) row(form, mark[1], value);
    fill(form, name, value);
  }
  outline?.dispatchEvent(new CustomEvent('marks-back'));
  if (said.some(([name, value]) => value && !['answer', 'check_id', 'receives'].includes(name))) {
    form.closest('details').open = true;
  }
}

function fill(form, name, value) {
  for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
    if (['radio', 'checkbox'].includes(field.type)) field.checked = field.value === value;
    else if (field.type !== 'file') field.value = value;
  }
}

/** Have a row for a mark of this number, with a place on the drawing where it was tapped. */
function row(form, number, where) {
  const list = form.querySelector('[data-rows]');
  if (!list) return;
  if (!form.querySelector(`[name="mark-${number}-where"]`)) {
    const made = document.createElement('template');
    made.innerHTML = form.querySelector('[data-outline] template').innerHTML.replaceAll('mark-0-', `mark-${number}-`).replaceAll('"0"', `"${number}"`).replaceAll('>0<', `>${number}<`);
    list.append(made.content);
  }
  const select = form.querySelector(`[name="mark-${number}-where"]`);
  const side = form.querySelector(`[data-side="${CSS.escape(where.split(':')[0])}"]`);
  if (side && where.includes(',')) select.add(new Option(side.dataset.label, where), 1);
}
