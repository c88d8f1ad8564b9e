/** What the device keeps, in IndexedDB: keys (not to be taken out), the list, scans that wait, what went wrong. */
import { database, rowsWith } from '../store.js';

const transact = database('ferryman-lane', (made) => {
  made.createObjectStore('keys');
  made.createObjectStore('sealed');
  made.createObjectStore('queue', { autoIncrement: true }).createIndex('checkpoint', 'checkpoint');
  made.createObjectStore('kept', { autoIncrement: true }).createIndex('checkpoint', 'checkpoint');
});

/** Set at the sign-out: what is still under way must not bring back what was forgotten. */
let isForgotten = false;

const put = (store, key, value) => transact([store], 'readwrite', (to) => isForgotten || to.put(value, key));
const get = (store, key) =>
  transact([store], 'readonly', (from, give) => (from.get(key).onsuccess = (event) => give(event.target.result)));
const remove = (store, key) => transact([store], 'readwrite', (from) => from.delete(key));

export const keepKey = (name, value) => put('keys', name, value);
export const keyNamed = (name) => get('keys', name);
export const keepSealed = (name, value) => put('sealed', name, value);
export const sealedNamed = (name) => get('sealed', name);
export const dropSealed = (name) => remove('sealed', name);
export const dropKept = (seq) => remove('kept', seq);

/** Add a waiting scan behind the others. */
export const enqueue = (row) => transact(['queue'], 'readwrite', (queue) => queue.add(row));

/** Count what waits at a checkpoint. */
export const countWaiting = (checkpoint) =>
  transact(['queue'], 'readonly', (queue, give) => {
    queue.index('checkpoint').count(checkpoint).onsuccess = (event) => give(event.target.result);
  });

/** Give the first rows of a store for a checkpoint, in the order they came: [{ seq, row }]. */
export const firstRows = (store, checkpoint, most = Infinity) =>
  transact([store], 'readonly', (from, give) => rowsWith(from, 'checkpoint', checkpoint, most, give));

/** Take answered scans out of the queue and keep what an officer must see of them, both or neither. */
export const settle = (seqs, kept) =>
  transact(['queue', 'kept'], 'readwrite', (queue, to) => {
    for (const seq of seqs) queue.delete(seq);
    for (const row of kept) to.add(row);
  });

/** Forget all that ends with a sign-in. What waits to be sent stays, and nobody here can read it. */
export const forget = () => {
  isForgotten = true;
  return transact(['keys', 'sealed'], 'readwrite', (keys, sealed) => {
    keys.clear();
    sealed.clear();
  });
};
