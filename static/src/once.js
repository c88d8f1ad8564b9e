/** A form goes once, however often its button is pressed; a page that came back from the cache may send again. */
const sent = new Set();
/** Whoever stopped the page from loading may try again after this. */
const PATIENCE_MS = 8000;

document.addEventListener('submit', (event) => {
  // What opens beside the page leaves it as it was.
  if (event.defaultPrevented || event.target.method !== 'post' || event.submitter?.formTarget) return;
  if (sent.has(event.target)) return event.preventDefault();
  sent.add(event.target);
  event.target.setAttribute('aria-busy', 'true');
  setTimeout(() => sent.delete(event.target), PATIENCE_MS);
});

window.addEventListener('pageshow', () => {
  for (const form of sent) form.removeAttribute('aria-busy');
  sent.clear();
});
