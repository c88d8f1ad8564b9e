/**
 * A consignee's photos outlive the page until they are sent, as what he filled in does (draft.js): they are kept under
 * the check that they belong to, which only the tab that began it knows. Whatever was not sent in a day is deleted.
 */
import { database, rowsWith } from '../store.js';
import { photosOf } from './photos.js';

const DAY_MS = 86_400_000;
/** What carries the place of a photo, kept beside the small one: only what is in it is sent, and only by choice. */
const HEAD_BYTES = 262_144;

const transact = database('ferryman-receipt', (made) => {
  made.createObjectStore('photos', { keyPath: 'photo_id' }).createIndex('check_id', 'check_id');
});
const change = (work) => transact(['photos'], 'readwrite', work).catch(() => {});

export const forgetPhoto = ({ photo_id }) => change((photos) => photos.delete(photo_id));

/** Keep what is chosen in a form, and bring back what was; `ready` when it is there. */
export async function keepPhotos(form) {
  const { check_id } = form.elements;
  form.addEventListener('photo-taken', ({ detail: { photo_id, chosen_at, mark_number, file, small } }) => {
    const bytes = small ? file.slice(0, HEAD_BYTES) : file;
    change((photos) => photos.put({ photo_id, chosen_at, mark_number, small, file: bytes, check_id: check_id.value }));
  });
  form.addEventListener('photo-dropped', ({ detail }) => forgetPhoto(detail));
  await change(dropOld);
  const rows = (await transact(['photos'], 'readonly', (photos, give) => rowsWith(photos, 'check_id', check_id.value, Infinity, give)).catch(() => [])) ?? [];
  const back = rows.map(({ row }) => row).sort((one, other) => one.chosen_at - other.chosen_at);
  if (back.length) form.dispatchEvent(new CustomEvent('photos-back', { detail: back }));
  return photosOf(form).length > 0;
}

function dropOld(photos) {
  photos.openCursor().onsuccess = ({ target: { result: cursor } }) => {
    if (!cursor) return;
    if (cursor.value.chosen_at < Date.now() - DAY_MS) cursor.delete();
    cursor.continue();
  };
}
