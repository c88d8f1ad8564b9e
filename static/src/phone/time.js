/** What time it is by the server's clock: a cheap phone's own may be wrong. Times are milliseconds since 1970. */
const NAME = 'ferryman-phone-skew';
const MINUTE = 60_000;

let skew = kept();

function kept() {
  try {
    return Number(localStorage.getItem(NAME)) || 0;
  } catch {
    return 0;
  }
}

export const now = () => Date.now() + skew;

/** Learn the time of an answer; a second or two on the way do not matter, and an hour does. */
export function learnTime(answer) {
  const said = Date.parse(answer.headers.get('Date') ?? '');
  if (Number.isNaN(said)) return;
  skew = Math.abs(said - Date.now()) > MINUTE ? said - Date.now() : 0;
  try {
    localStorage.setItem(NAME, skew);
  } catch {
    // Then the phone's own clock has to do.
  }
}

/** Write a time that is left as ferry/phone/outlook.py does: the last begun minute whole. */
export function left(span, forms) {
  const minutes = Math.max(Math.ceil(span / MINUTE), 1);
  if (minutes >= 48 * 60) return fill(forms.leftDays, { d: Math.floor(minutes / 1440), h: Math.floor((minutes % 1440) / 60) });
  if (minutes >= 60) return fill(forms.leftHours, { h: Math.floor(minutes / 60), m: minutes % 60 });
  return fill(forms.leftMinutes, { m: minutes });
}

const fill = (form, parts) => form.replace(/\{(\w)\}/g, (_all, name) => parts[name]);

/** Set both clocks in a part of the page: Beijing's first, then Astana's. Neither has daylight saving. */
export function setClocks(part, moment) {
  const shown = part.querySelectorAll('time');
  [8, 5].forEach((hours, number) => {
    if (!shown[number]) return;
    shown[number].dateTime = new Date(moment).toISOString();
    shown[number].textContent = new Date(moment + hours * 3_600_000).toISOString().slice(0, 16).replace('T', ' ');
  });
}
