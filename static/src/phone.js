import './tokens.css';
import './phone.css';
import './phone/queue.css';
import './once.js';
import './phone/voice.js';
import './phone/queue-line.js';

// <div data-refresh-url="…" data-refresh-s="20">: its content is asked for again while the page is looked at.
for (const part of document.querySelectorAll('[data-refresh-url]')) {
  const refresh = async () => {
    if (document.hidden || part.contains(document.activeElement)) return;
    try {
      const answer = await fetch(part.dataset.refreshUrl, { headers: { 'HX-Request': 'true' } });
      if (!answer.ok || answer.redirected) return;
      const html = await answer.text();
      if (html !== part.dataset.last) part.innerHTML = part.dataset.last = html;
    } catch {
      // The signal drops past the bridge; what is on the screen stays good until it is back.
    }
  };
  setInterval(refresh, Number(part.dataset.refreshS || 30) * 1000);
  document.addEventListener('visibilitychange', refresh);
}

// A screen that sleeps at the gate stops the queue.
if (document.querySelector('[data-keep-awake]') && navigator.wakeLock) {
  const keepAwake = () => !document.hidden && navigator.wakeLock.request('screen').catch(() => {});
  keepAwake();
  document.addEventListener('visibilitychange', keepAwake);
}
