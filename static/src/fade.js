/** A verdict ends by itself, so that nobody takes it for the next car's. */
const STANDS_MS = 60_000;

/** Put `template` in the place of a verdict that has stood for a minute; one being worked on stays. */
export function fade(section, template) {
  let since = Date.now();
  let timer = 0;
  const begin = () => {
    since = Date.now();
    clearTimeout(timer);
    timer = setTimeout(end, STANDS_MS);
  };
  const end = () => {
    if (Date.now() - since < STANDS_MS) return;
    if (stands(section)) begin();
    else section.replaceChildren(template.content.cloneNode(true));
  };
  new MutationObserver(begin).observe(section, { childList: true });
  // Timers stand still while a phone sleeps.
  document.addEventListener('visibilitychange', end);
  begin();
}

/** Say whether it waits for the officer (an outcome, sending again), or is a page of the log that he reads. */
const stands = (section) =>
  section.querySelector('form, [data-retry], .verdict-old') || section.querySelector('[data-verdict=wait]');
