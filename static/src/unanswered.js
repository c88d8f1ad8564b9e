/** What is said while the server does not answer: until each part that asked in vain has its answer. */

const waiting = new Set();
const said = () => document.querySelector('#messages > [role="alert"]');

// A partial update that failed must not look like one that changed nothing.
for (const failed of ['htmx:sendError', 'htmx:timeout', 'htmx:responseError']) {
  document.addEventListener(failed, (event) => {
    if (event.target.closest?.('[data-quiet]')) return;
    waiting.add(event.detail.target.id);
    const template = document.querySelector('#fm-failed');
    if (template && !said()) document.querySelector('#messages').replaceChildren(template.content.cloneNode(true));
  });
}

// Not when it settles: by then another part may have failed.
document.addEventListener('htmx:beforeSwap', (event) => {
  if (!event.detail.isError && waiting.delete(event.target.id) && !waiting.size) said()?.remove();
});
