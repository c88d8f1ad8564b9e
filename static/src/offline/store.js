/** What the device keeps, in IndexedDB: keys (not to be taken out), the list, scans that wait, what went wrong. */

const NAME = 'ferryman-lane';
const VERSION = 1;

let opened;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, VERSION);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore('keys');
      asked.result.createObjectStore('sealed');
      asked.result.createObjectStore('queue', { autoIncrement: true }).createIndex('checkpoint', 'checkpoint');
      asked.result.createObjectStore('kept', { autoIncrement: true }).createIndex('checkpoint', 'checkpoint');
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return opened;
}

/** Run `work` on stores in one transaction; it is over when everything is on the disk, or nothing is. */
async function transact(names, mode, work) {
  const transaction = (await database()).transaction(names, mode, { durability: mode === 'readwrite' ? 'strict' : 'default' });
  return new Promise((resolve, reject) => {
    let result;
    transaction.oncomplete = () => resolve(result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error('aborted'));
    work(...names.map((name) => transaction.objectStore(name)), (value) => (result = value));
  });
}

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
  transact([store], 'readonly', (from, give) => {
    const rows = [];
    give(rows);
    from.index('checkpoint').openCursor(checkpoint).onsuccess = ({ target: { result: cursor } }) => {
      if (!cursor || rows.length >= most) return;
      rows.push({ seq: cursor.primaryKey, row: cursor.value });
      cursor.continue();
    };
  });

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
