/**
 * Photos of a form: <label data-photos> with a file input in it. Each photo is drawn small on this phone, which leaves
 * out whatever else is in the file; where it was taken goes along only if its owner ticks `keeps_place`.
 *
 * `photosOf(form)` gives what was chosen: [{ photo_id, chosen_at, mark_number, blob() }]. A form that is not sent by a
 * script of its own (data-telling) is sent as usual, with the small photos in its inputs.
 *
 * The form tells of `photo-taken` and `photo-dropped` (detail: the photo); told `photos-back` (detail: such photos), it
 * has them again (receiving's kept-photos.js).
 */
const LONGEST_SIDE = 1600;
const QUALITY = 0.8;
const MOST = 100;
const FACE = 72;

/** What was chosen, by form, in the order it was chosen. */
const chosen = new WeakMap();

/** Give a form's photos; `blob()` is the small one, ready to be sent. */
export function photosOf(form) {
  const keepsPlace = Boolean(form.querySelector('[name=keeps_place]')?.checked);
  return (chosen.get(form) ?? []).map(({ file, small, ...about }) => ({
    ...about,
    blob: async () => {
      const blob = (await small) ?? file;
      return keepsPlace && blob !== file ? withPlace(blob, file) : blob;
    },
  }));
}

function begin(form) {
  const list = form.querySelector('[data-photo-list]');
  const told = form.querySelector('[data-photo-told]');
  const photos = [];
  chosen.set(form, photos);
  form.classList.add('is-live');

  form.addEventListener('change', async ({ target }) => {
    const label = target.type === 'file' && target.closest('[data-photos]');
    if (!label) return;
    told.textContent = '';
    const files = [...target.files];
    // Chosen again, or more beside them: the input only picks.
    target.value = '';
    for (const file of files) await take(file, Number(label.dataset.markNumber) || null);
  });
  form.addEventListener('photos-back', async ({ detail }) => {
    const back = detail.map((photo) => ({ ...photo, small: Promise.resolve(photo.small) }));
    photos.push(...back.slice(0, MOST - photos.length));
    show();
    for (const photo of back) photo.face = await faceOf((await photo.small) ?? photo.file);
    show();
  });
  form.addEventListener('mark-removed', ({ detail }) => {
    drop((photo) => photo.mark_number === detail);
  });
  list.addEventListener('click', ({ target }) => {
    const button = target.closest('button');
    if (button) drop((photo) => photo.photo_id === button.dataset.photo);
  });

  let isFilled = false;
  form.addEventListener('submit', async (event) => {
    if (isFilled || !photos.length || event.defaultPrevented || form.hasAttribute('data-telling')) return;
    event.preventDefault();
    form.setAttribute('aria-busy', 'true');
    await fill(form);
    isFilled = true;
    form.requestSubmit(event.submitter);
    isFilled = false;
  });

  async function take(file, mark_number) {
    if (photos.length >= MOST) return tell(told.dataset.tooMany, file);
    const photo = { photo_id: newId(), chosen_at: Date.now(), mark_number, file };
    photo.small = drawnSmall(file, photo);
    photos.push(photo);
    show();
    const small = await photo.small;
    const problem = small ? '' : objectionTo(file);
    if (problem) {
      photos.splice(photos.indexOf(photo), 1);
      tell(problem, file);
    } else if (photos.includes(photo)) say('photo-taken', { ...photo, small });
    show();
  }

  function say(what, photo) {
    form.dispatchEvent(new CustomEvent(what, { detail: photo }));
  }

  function objectionTo(file) {
    if (!file.type.startsWith('image/') && !/\.(heic|heif)$/i.test(file.name)) return told.dataset.notAPhoto;
    return file.size > Number(told.dataset.mostBytes) ? told.dataset.tooLarge : '';
  }

  function drop(which) {
    for (const photo of photos.filter(which)) {
      photos.splice(photos.indexOf(photo), 1);
      say('photo-dropped', photo);
    }
    show();
  }

  function show() {
    list.replaceChildren(...photos.map((photo, at) => face(photo, at + 1)));
    list.hidden = !photos.length;
    for (const label of form.querySelectorAll('[data-photos]')) {
      const number = Number(label.dataset.markNumber) || null;
      const count = photos.filter((photo) => photo.mark_number === number).length;
      label.querySelector('[data-count]').textContent = count || '';
    }
  }

  function face(photo, number) {
    const item = document.createElement('li');
    item.append(photo.face ?? document.createElement('canvas'));
    if (photo.mark_number) item.append(Object.assign(document.createElement('b'), { textContent: photo.mark_number, className: 'outline-number' }));
    const button = Object.assign(document.createElement('button'), { type: 'button', textContent: '×' });
    button.setAttribute('aria-label', list.dataset.remove.replace('{number}', number));
    button.dataset.photo = photo.photo_id;
    item.append(button);
    return item;
  }

  function tell(words, file) {
    told.textContent = words.replace('{name}', file.name);
  }
}

/** Put the small photos into the inputs they were chosen by. */
async function fill(form) {
  const parts = new Map();
  for (const { mark_number, blob } of photosOf(form)) {
    const name = mark_number ? `mark-${mark_number}-photo` : 'photos';
    if (!parts.has(name)) parts.set(name, new DataTransfer());
    const small = await blob();
    parts.get(name).items.add(new File([small], small.name ?? 'photo.jpg', { type: small.type }));
  }
  for (const [name, { files }] of parts) {
    const input = form.querySelector(`input[name="${name}"]`);
    if (!input) continue;
    input.multiple = true;
    input.files = files;
  }
}

/** Draw a picture as a small JPEG; null where this browser cannot read it (HEIC), and then it is sent as it is. */
async function drawnSmall(file, photo) {
  try {
    const bitmap = await opened(file);
    photo.face = drawn(bitmap, FACE);
    const canvas = drawn(bitmap, LONGEST_SIDE);
    bitmap.close();
    return await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
  } catch {
    return null;
  }
}

/** Draw the little picture of a photo that came back; undefined where this browser cannot read it. */
async function faceOf(blob) {
  const bitmap = await opened(blob).catch(() => null);
  const face = bitmap ? drawn(bitmap, FACE) : undefined;
  bitmap?.close();
  return face;
}

/** Open a picture upright; older browsers do so unasked and know no word for it. */
const opened = (file) => createImageBitmap(file, { imageOrientation: 'from-image' }).catch(() => createImageBitmap(file));

function drawn(bitmap, longest) {
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const pen = canvas.getContext('2d');
  // A picture with holes is shown on white, as paper would.
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** Carry what the original says of itself over into the small one. */
async function withPlace(small, file) {
  const about = exifOf(await file.slice(0, 262_144).arrayBuffer());
  return about ? new Blob([small.slice(0, 2), about, small.slice(2)], { type: 'image/jpeg' }) : small;
}

/** Cut the EXIF segment out of a JPEG's head, said to be upright, as the small one is drawn; null if it has none. */
export function exifOf(buffer) {
  const view = new DataView(buffer);
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; at + 10 < view.byteLength && view.getUint8(at) === 0xff; at += 2 + view.getUint16(at + 2)) {
    const end = at + 2 + view.getUint16(at + 2);
    const isExif = view.getUint16(at) === 0xffe1 && view.getUint32(at + 4) === 0x45786966;
    if (isExif && end <= view.byteLength) return upright(buffer.slice(at, end));
    if (view.getUint16(at) === 0xffda) return null;
  }
  return null;
}

const TIFF = 10;
const ORIENTATION = 0x0112;

function upright(segment) {
  const view = new DataView(segment);
  const little = view.getUint16(TIFF) === 0x4949;
  try {
    const entries = TIFF + view.getUint32(TIFF + 4, little);
    for (let number = 0; number < view.getUint16(entries, little); number += 1) {
      const at = entries + 2 + 12 * number;
      if (view.getUint16(at, little) === ORIENTATION) view.setUint16(at + 8, 1, little);
    }
  } catch {
    // Damaged: the server reads what it can.
  }
  return segment;
}

/** Make a new UUID; crypto.randomUUID is younger than the phones, and shy of plain HTTP. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

for (const form of document.querySelectorAll('form')) if (form.querySelector('[data-photos]')) begin(form);
