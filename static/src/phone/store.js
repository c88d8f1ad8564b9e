/** What this phone keeps of what its driver told, in IndexedDB: words that wait, what was refused, what was sent. */
const NAME = 'ferryman-phone';
const VERSION = 1;

let opened;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, VERSION);
    asked.onupgradeneeded = () => {
      for (const name of ['waiting', 'refused', 'sent']) {
        asked.result.createObjectStore(name, { autoIncrement: true }).createIndex('of', 'of');
      }
    };
    asked.onsuccess = () => {
      // Whoever deletes it (forget.js) need not wait for this page.
      asked.result.onversionchange = () => asked.result.close();
      resolve(asked.result);
    };
    asked.onerror = () => {
      opened = undefined;
      reject(asked.error);
    };
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

/** Put rows behind those that wait: all of them, or none where there is no room. */
export const keepWaiting = (rows) => transact(['waiting'], 'readwrite', (waiting) => rows.forEach((row) => waiting.add(row)));

/** Give the rows of a store for one driver, in their order: [{ seq, ...row }]. */
export const rowsOf = (store, of, most = Infinity) =>
  transact([store], 'readonly', (from, give) => {
    const rows = [];
    give(rows);
    from.index('of').openCursor(of).onsuccess = ({ target: { result: cursor } }) => {
      if (!cursor || rows.length >= most) return;
      rows.push({ seq: cursor.primaryKey, ...cursor.value });
      cursor.continue();
    };
  });

export const countWaiting = (of) =>
  transact(['waiting'], 'readonly', (waiting, give) => {
    waiting.index('of').count(of).onsuccess = ({ target }) => give(target.result);
  });

/** Take words out of those that wait and keep what came of them, both or neither; a photo's bytes go with its word. */
export const settle = (seqs, { sent = [], refused = [] }) =>
  transact(['waiting', 'sent', 'refused'], 'readwrite', (waiting, toSent, toRefused) => {
    for (const seq of seqs) waiting.delete(seq);
    for (const row of sent) toSent.add(row);
    for (const row of refused) toRefused.add(row);
  });

export const forget = (store, seq) => transact([store], 'readwrite', (from) => from.delete(seq));
