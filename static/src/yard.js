/** After a step is recorded, the keyboard stays in that row: on its first button, or the next row's. */
document.addEventListener('htmx:afterSettle', () => {
  if (!asked || document.activeElement !== document.body) return;
  const row = document.getElementById(asked);
  asked = '';
  (row?.querySelector('.fm-marks button') ?? row?.nextElementSibling?.querySelector('.fm-marks button'))?.focus();
});

let asked = '';
document.addEventListener('htmx:beforeRequest', (event) => {
  asked = event.target.closest?.('.fm-yard tr')?.id ?? '';
});
