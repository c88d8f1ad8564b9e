/** Entering a printed list: Enter goes to the next field, and recording is another matter. */

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !event.target.matches?.('[data-paper] tbody input, [data-paper] tbody select')) return;
  event.preventDefault();
  const fields = [...event.target.form.querySelectorAll('tbody input, tbody select')];
  const here = fields.indexOf(event.target);
  const rowIsEmpty = event.target.name === 'key' && event.target.value.trim() === '';
  const next = rowIsEmpty ? event.target.form.querySelector('[value="record"], [value="look"]') : fields[here + 1];
  next?.focus();
  next?.select?.();
});
