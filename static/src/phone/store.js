/** What this phone keeps of what its driver told, in IndexedDB: words that wait, what was refused, what was sent. */
import { database, rowsWith } from '../store.js';

const transact = database('ferryman-phone', (made) => {
  for (const name of ['waiting', 'refused', 'sent']) {
    made.createObjectStore(name, { autoIncrement: true }).createIndex('of', 'of');
  }
});

/** Put rows behind those that wait: all of them, or none where there is no room. */
export const keepWaiting = (rows) => transact(['waiting'], 'readwrite', (waiting) => rows.forEach((row) => waiting.add(row)));

/** Give the rows of a store for one driver, in their order: [{ seq, ...row }]. */
export const rowsOf = async (store, of, most = Infinity) =>
  (await transact([store], 'readonly', (from, give) => rowsWith(from, 'of', of, most, give))).map(({ seq, row }) => ({ seq, ...row }));

/** Count what waits of one driver, or of all where `of` is null. */
export const countWaiting = (of) =>
  transact(['waiting'], 'readonly', (waiting, give) => {
    (of === null ? waiting.count() : waiting.index('of').count(of)).onsuccess = ({ target }) => give(target.result);
  });

/** Take words out of those that wait and keep what came of them, both or neither; a photo's bytes go with its word. */
export const settle = (seqs, { sent = [], refused = [] }) =>
  transact(['waiting', 'sent', 'refused'], 'readwrite', (waiting, toSent, toRefused) => {
    for (const seq of seqs) waiting.delete(seq);
    for (const row of sent) toSent.add(row);
    for (const row of refused) toRefused.add(row);
  });

export const forget = (store, seq) => transact([store], 'readwrite', (from) => from.delete(seq));
