/** Parts of a page that ask for themselves again, without losing anybody's place. */

const live = (element) => (element instanceof Element ? element.closest('[data-live]') : null);

/** Say whether somebody is in the middle of this part: by keyboard, or with text selected. */
function inUse(part) {
  const selection = document.getSelection();
  return (
    part.contains(document.activeElement) ||
    (selection && !selection.isCollapsed && part.contains(selection.anchorNode))
  );
}

document.addEventListener('htmx:beforeRequest', (event) => {
  const part = live(event.target);
  if (part && (document.hidden || inUse(part))) event.preventDefault();
});

document.addEventListener('htmx:beforeSwap', (event) => {
  const part = live(event.target);
  if (!part || !event.detail.shouldSwap) return;
  if (inUse(part)) event.detail.shouldSwap = false;
  else opened.set(part.id, [...part.querySelectorAll('details[open]')].map((details) => details.id));
});

/** Ids of the details that were open, by part. */
const opened = new Map();

// Not sooner: settling puts the attributes back to those that came.
document.addEventListener('htmx:afterSettle', (event) => {
  for (const id of opened.get(event.target.id) ?? []) document.getElementById(id)?.setAttribute('open', '');
  opened.delete(event.target.id);
});

document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  for (const part of document.querySelectorAll('[data-live]')) part.dispatchEvent(new Event('again'));
});
