/** A database of this browser (IndexedDB), opened when it is first asked. */

/**
 * Give a function that runs `work` on stores of the database in one transaction; it is over when everything is on the
 * disk, or nothing is. `lay` makes the stores of a database that is new.
 */
export function database(name, lay) {
  let opened;
  const open = () =>
    (opened ??= new Promise((resolve, reject) => {
      const asked = indexedDB.open(name, 1);
      asked.onupgradeneeded = () => lay(asked.result);
      asked.onsuccess = () => {
        // Whoever deletes it need not wait for this page.
        asked.result.onversionchange = () => asked.result.close();
        resolve(asked.result);
      };
      asked.onerror = () => {
        opened = undefined;
        reject(asked.error);
      };
    }));

  return async function transact(names, mode, work) {
    const transaction = (await open()).transaction(names, mode, { durability: mode === 'readwrite' ? 'strict' : 'default' });
    return new Promise((resolve, reject) => {
      let result;
      transaction.oncomplete = () => resolve(result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error('aborted'));
      work(...names.map((name) => transaction.objectStore(name)), (value) => (result = value));
    });
  };
}

/** Give the rows of a store that have this in their index, in the order they came: [{ seq, row }]. */
export function rowsWith(from, index, value, most, give) {
  const rows = [];
  give(rows);
  from.index(index).openCursor(value).onsuccess = ({ target: { result: cursor } }) => {
    if (!cursor || rows.length >= most) return;
    rows.push({ seq: cursor.primaryKey, row: cursor.value });
    cursor.continue();
  };
}
