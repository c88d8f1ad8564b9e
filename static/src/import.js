/** A file may be dropped on the form that takes it. */
const form = (event) => event.target.closest?.('[data-drop]');
const holdsFile = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');

document.addEventListener('DOMContentLoaded', () => {
  for (const hint of document.querySelectorAll('[data-drop-hint]')) hint.hidden = false;
});

document.addEventListener('dragover', (event) => {
  if (!form(event) || !holdsFile(event)) return;
  event.preventDefault();
  form(event).setAttribute('data-drop-over', '');
});

document.addEventListener('dragleave', (event) => {
  if (form(event) && !form(event).contains(event.relatedTarget)) form(event).removeAttribute('data-drop-over');
});

document.addEventListener('drop', (event) => {
  const target = form(event);
  if (!target || !holdsFile(event)) return;
  event.preventDefault();
  target.removeAttribute('data-drop-over');
  const file = new DataTransfer();
  file.items.add(event.dataTransfer.files[0]);
  target.querySelector('[type=file]').files = file.files;
});
