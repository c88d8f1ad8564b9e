/** A screen that sleeps at the gate stops the queue: [data-keep-awake]. */
if (document.querySelector('[data-keep-awake]') && navigator.wakeLock) {
  const keepAwake = () => !document.hidden && navigator.wakeLock.request('screen').catch(() => {});
  keepAwake();
  document.addEventListener('visibilitychange', keepAwake);
}

/** The code in full screen (.pass:target) closes with Escape, and its button has the focus. */
const isFull = () => location.hash === '#code';
window.addEventListener('hashchange', () => isFull() && document.querySelector('.pass-close')?.focus());
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && isFull()) location.hash = '#page';
});
