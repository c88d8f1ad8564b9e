/** <form data-upload>: says at once what is too large, and how much of the rest is sent. */

document.addEventListener('change', (event) => {
  const form = event.target.closest('[data-upload]');
  if (!form || event.target.type !== 'file') return;
  const tooLarge = [...event.target.files].some((file) => file.size > Number(form.dataset.mostBytes));
  event.target.setCustomValidity(tooLarge ? form.dataset.tooLarge : '');
  event.target.reportValidity();
});

document.addEventListener('htmx:xhr:progress', (event) => {
  const { loaded, total } = event.detail;
  const bar = event.target.querySelector?.(':scope > .fm-upload');
  if (!bar || !total) return;
  bar.hidden = false;
  bar.querySelector('progress').value = (100 * loaded) / total;
});
