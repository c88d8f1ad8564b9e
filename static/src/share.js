/** <button data-share="TEXT" data-share-title="…" hidden>: shown where the system has a share sheet. */

const reveal = (root) => {
  if (navigator.share) for (const button of root.querySelectorAll('[data-share]')) button.hidden = false;
};

document.addEventListener('DOMContentLoaded', () => reveal(document));
document.addEventListener('htmx:afterSwap', (event) => reveal(event.detail.target));
document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-share]');
  // Refused only by whoever closes the share sheet again.
  if (button) navigator.share({ title: button.dataset.shareTitle, text: button.dataset.share }).catch(() => {});
});
