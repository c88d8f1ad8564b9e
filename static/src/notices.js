/** What asks in the background and is nobody's business when it fails: the bell. */

const quiet = (event) => event.target instanceof Element && event.target.closest('[data-quiet]');

document.addEventListener('htmx:beforeRequest', (event) => {
  if (quiet(event) && document.hidden) event.preventDefault();
});

// Signed out, or the server is away: whatever is being typed on the page matters more.
document.addEventListener('htmx:beforeOnLoad', (event) => {
  if (quiet(event) && event.detail.xhr.status !== 200) event.preventDefault();
});
