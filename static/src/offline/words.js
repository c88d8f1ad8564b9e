/** Sentences and clocks as the server writes them (ferry/reasons.py), in the page's language. */

/** Say what to do about a reason; a code from a newer version than this page says itself. */
export function sentence({ plain, fuller, times }, zones, { code, params }) {
  const [mentioned, text] = fuller[code] ?? [null, ''];
  if (!mentioned || !mentioned.every((name) => name in params)) return plain[code] ?? code;
  return text.replace(/\{(\w+)\}/g, (_, name) => (times.includes(name) ? bothClocks(params[name], zones) : params[name]));
}

/** Write a moment by both countries' clocks. */
export function bothClocks(moment, zones) {
  const [[day, china], [otherDay, kazakh]] = zones.map((zone) => dayAndTime(moment, zone));
  return `${day} ${china} (UTC+8) / ${day === otherDay ? '' : `${otherDay} `}${kazakh} (UTC+5)`;
}

function dayAndTime(moment, timeZone) {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'short', timeStyle: 'short', hourCycle: 'h23' });
  const part = Object.fromEntries(format.formatToParts(new Date(moment)).map(({ type, value }) => [type, value]));
  return [`${part.year}-${part.month}-${part.day}`, `${part.hour}:${part.minute}`];
}

export const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
