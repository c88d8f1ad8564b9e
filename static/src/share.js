/**
 * <button data-share="TEXT" data-share-title="…" hidden>: shown where the system has a share sheet.
 * <button data-share-file="ADDRESS OF A PDF" data-share-title="NAME" hidden>: shown where it takes files.
 */

const paper = (content, name) => ({ files: [new File([content], name, { type: 'application/pdf' })] });
const takesFiles = () => Boolean(navigator.canShare?.(paper('', 'a.pdf')));

const reveal = (root) => {
  if (navigator.share) for (const button of root.querySelectorAll('[data-share]')) button.hidden = false;
  if (takesFiles()) for (const button of root.querySelectorAll('[data-share-file]')) button.hidden = false;
};

const shareFile = async ({ shareFile: address, shareTitle: name }) => {
  const answer = await fetch(address);
  if (answer.ok) await navigator.share(paper(await answer.blob(), name));
};

document.addEventListener('DOMContentLoaded', () => reveal(document));
document.addEventListener('htmx:afterSwap', (event) => reveal(event.detail.target));
document.addEventListener('click', (event) => {
  const text = event.target.closest('[data-share]');
  const file = event.target.closest('[data-share-file]');
  // Refused only by whoever closes the share sheet again.
  if (text) navigator.share({ title: text.dataset.shareTitle, text: text.dataset.share }).catch(() => {});
  if (file) shareFile(file.dataset).catch(() => {});
});
