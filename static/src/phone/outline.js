/**
 * <fieldset data-outline> (templates/phone/_outline.html): a tap on a side's drawing, or a part chosen from its list,
 * becomes a row with a number below that drawing, and the number stands on it. The rows' selects are what is sent.
 */
const SVG = 'http://www.w3.org/2000/svg';

function begin(outline) {
  const blank = outline.querySelector('template').content.firstElementChild;
  const said = outline.querySelector('[data-said]');
  const most = Number(outline.dataset.most);

  for (const part of outline.querySelectorAll('[data-live]')) part.hidden = false;
  for (const part of blank.querySelectorAll('[data-live]')) part.hidden = false;
  settle();

  // What a draft brought back (draft.js), whichever of the two scripts came first.
  outline.addEventListener('marks-back', settle);
  outline.addEventListener('click', (event) => {
    const zone = event.target.closest('[data-zone]');
    const drawing = event.target.closest('.outline-drawing');
    const remove = event.target.closest('[data-remove]');
    if (zone) add(zone.dataset.zone);
    else if (remove) take(remove.closest('.outline-mark'));
    else if (drawing) tap(drawing, event);
  });
  outline.addEventListener('change', (event) => event.target.matches('select') && draw());

  /** Put every row where it belongs; what marks nothing goes. */
  function settle() {
    for (const row of rows()) {
      if (whereOf(row).value) place(row);
      else row.remove();
    }
    draw();
  }

  function tap(drawing, event) {
    const box = drawing.querySelector('svg').getBoundingClientRect();
    const share = (at, from, size) => Math.min(1000, Math.max(0, Math.round(((at - from) / size) * 1000)));
    const side = drawing.closest('[data-side]');
    const where = `${side.dataset.side}:${share(event.clientX, box.left, box.width)},${share(event.clientY, box.top, box.height)}`;
    add(where, side.dataset.label);
  }

  function add(where, label) {
    const taken = new Set(rows().map(numberOf));
    let number = 1;
    while (taken.has(number)) number += 1;
    if (number > most) return say(said.dataset.full);
    const row = numbered(blank.cloneNode(true), number);
    const select = whereOf(row);
    if (label) select.add(new Option(label, where), 1);
    select.value = where;
    place(row);
    draw();
    say(said.dataset.added.replace('{number}', number).replace('{where}', wordsOf(select)));
  }

  /** Put a row where its mark was made, in order; one that is moved to another side by its select stays. */
  function place(row) {
    const { side } = placeOf(whereOf(row));
    const list = outline.querySelector(`[data-marks~="${CSS.escape(side)}"]`) ?? outline.querySelector('[data-rows]');
    list.insertBefore(row, [...list.children].find((other) => numberOf(other) > numberOf(row)) ?? null);
  }

  function take(row) {
    const all = rows();
    const at = all.indexOf(row);
    const near = all[at + 1] ?? all[at - 1];
    row.remove();
    outline.dispatchEvent(new CustomEvent('mark-removed', { bubbles: true, detail: Number(row.dataset.mark) }));
    draw();
    (near?.querySelector('[data-remove]') ?? outline.querySelector('summary')).focus();
    say(said.dataset.removed.replace('{number}', row.dataset.mark));
  }

  /** Put every mark's number onto its drawing. */
  function draw() {
    for (const old of outline.querySelectorAll('.fm-outline-mark')) old.remove();
    for (const row of rows()) {
      const place = placeOf(whereOf(row));
      const svg = place && outline.querySelector(`[data-side="${place.side}"] svg`);
      if (svg) svg.append(spot(row.dataset.mark, place, svg.viewBox.baseVal));
    }
  }

  function rows() {
    return [...outline.querySelectorAll('.outline-mark')];
  }

  function say(words) {
    said.textContent = words;
  }
}

const numberOf = (row) => Number(row.dataset.mark);

const whereOf = (row) => row.querySelector('select[name$="-where"]');

function wordsOf(select) {
  const option = select.selectedOptions[0];
  return [option?.closest('optgroup')?.label, option?.label].filter(Boolean).join(', ');
}

function placeOf(select) {
  const [side, place = ''] = select.value.split(':');
  const { x, y } = select.selectedOptions[0]?.dataset ?? {};
  const [tappedX, tappedY] = place.split(',');
  return side && { side, x: Number(x ?? tappedX), y: Number(y ?? tappedY) };
}

function numbered(row, number) {
  row.dataset.mark = number;
  row.querySelector('[data-mark-number]').dataset.markNumber = number;
  for (const part of row.querySelectorAll('[name], [aria-label]')) {
    if (part.name) part.name = part.name.replace('-0-', `-${number}-`);
    const label = part.getAttribute('aria-label');
    if (label) part.setAttribute('aria-label', label.replace('0', number));
  }
  for (const part of row.querySelectorAll('.outline-number, .unseen')) part.textContent = part.textContent.replace('0', number);
  return row;
}

function spot(number, { x, y }, { width, height }) {
  const mark = document.createElementNS(SVG, 'g');
  mark.setAttribute('class', 'fm-outline-mark');
  mark.setAttribute('transform', `translate(${(x * width) / 1000} ${(y * height) / 1000})`);
  const circle = mark.appendChild(document.createElementNS(SVG, 'circle'));
  circle.setAttribute('r', 9);
  const text = mark.appendChild(document.createElementNS(SVG, 'text'));
  text.setAttribute('y', 4.5);
  text.textContent = number;
  return mark;
}

for (const outline of document.querySelectorAll('[data-outline]')) begin(outline);
