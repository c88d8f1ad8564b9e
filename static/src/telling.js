// A page on which a driver tells one thing (templates/phone/tell.html): what he tells goes into the queue of his phone.
import './condition.js';
import { newId, photosOf } from './phone/photos.js';
import { queue, send } from './phone/queue-line.js';

const NOT_CONTENT = new Set(['csrfmiddlewaretoken', 'telling_id']);

for (const form of document.querySelectorAll('form[data-telling]')) if (queue) begin(form);

function begin(form) {
  const untouched = sayNow(form);
  let isTold = false;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (isTold) return;
    isTold = true;
    form.setAttribute('aria-busy', 'true');
    const isSafe = await tell(form, untouched);
    if (isSafe) location.assign(form.dataset.then);
    else {
      // In memory alone: this page must stay until it is sent.
      form.hidden = true;
      send();
    }
  });
}

async function tell(form, untouched) {
  const telling_id = newId();
  const trip = form.dataset.trip;
  const said = [...new FormData(form)].filter(([name, value]) => typeof value === 'string' && !NOT_CONTENT.has(name));
  const fields = Object.fromEntries(said);
  if (untouched()) for (const name of ['back_on', 'back_at']) delete fields[name];
  const photos = [];
  for (const { photo_id, chosen_at, mark_number, blob } of photosOf(form)) {
    photos.push({
      telling_id: photo_id,
      told_at: new Date(chosen_at).toISOString(),
      fields: { about: telling_id, mark_number, keeps_place: fields.keeps_place ?? '' },
      blob: await blob(),
    });
  }
  return queue.add({ telling_id, kind: form.dataset.telling, trip, fields }, photos);
}

/** Put now, by China's clock, where a page that was kept says when it was made; untouched, it is when it is told. */
function sayNow(form) {
  const [on, at] = [form.elements.back_on, form.elements.back_at];
  if (!on) return () => false;
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'Asia/Shanghai',
    hourCycle: 'h23',
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' },
  }).formatToParts();
  const part = (name) => parts.find(({ type }) => type === name).value;
  const now = [`${part('year')}-${part('month')}-${part('day')}`, `${part('hour')}:${part('minute')}`];
  [on.value, at.value] = now;
  return () => on.value === now[0] && at.value === now[1];
}
