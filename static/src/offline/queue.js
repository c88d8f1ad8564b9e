/**
 * Scans that wait to be sent, in their order. A scan leaves only when the server has answered for it; sent twice, it is
 * the same scan. Where the device has no room left they are kept in memory and stored as soon as there is some.
 */
import { open, seal } from './seal.js';
import { countWaiting, dropKept, enqueue, firstRows, settle } from './store.js';

const MOST = 200;
const FEWEST = 10;
const PATIENCE_MS = 15_000;

export class Queue {
  constructor(checkpoint) {
    this.checkpoint = checkpoint;
    /** Keys by their names; the first seals, all open. */
    this.keys = new Map();
    /** Scans that found no room, in their order. */
    this.unsaved = [];
    this.atOnce = MOST;
    this.sending = false;
  }

  get isFull() {
    return this.unsaved.length > 0;
  }

  /** Keep a scan; it is safe when this resolves, or in memory with `isFull` set. */
  async add(scan) {
    // Behind others that found no room, or the order would be lost.
    if (this.unsaved.length) await this.#storeUnsaved();
    if (this.unsaved.length || !(await this.#store(scan))) this.unsaved.push(scan);
  }

  async count() {
    return (await countWaiting(this.checkpoint)) + this.unsaved.length;
  }

  /** Give the waiting scans, to know again what was let through; those of a key that is gone are left out. */
  async waiting() {
    const rows = await this.#opened(await firstRows('queue', this.checkpoint));
    return [...rows.map(({ scan }) => scan), ...this.unsaved];
  }

  /** Send what waits through `post`, until nothing does. True if nothing is left that can be sent. */
  async send(post, settled) {
    if (this.sending) return false;
    this.sending = true;
    try {
      return await navigator.locks.request(`ferryman-queue-${this.checkpoint}`, () => this.#send(post, settled));
    } finally {
      this.sending = false;
    }
  }

  async #send(post, settled) {
    for (;;) {
      await this.#storeUnsaved();
      const rows = await this.#opened(await firstRows('queue', this.checkpoint, this.atOnce));
      const batch = rows.length ? rows : this.unsaved.slice(0, this.atOnce).map((scan) => ({ scan }));
      if (!batch.length) return true;
      const results = await this.#answered(post, batch);
      if (!results) return false;
      const done = batch.map((one, at) => ({ ...one, result: results[at] }));
      await this.#settle(done);
      settled(done);
    }
  }

  /** Send one batch; fewer next time if the line does not hold so long. */
  async #answered(post, batch) {
    try {
      const results = await post(
        batch.map(({ scan }) => scan),
        PATIENCE_MS,
      );
      if (results?.length !== batch.length) throw new Error('not every scan was answered');
      this.atOnce = Math.min(MOST, this.atOnce * 2);
      return results;
    } catch {
      this.atOnce = Math.max(FEWEST, Math.floor(this.atOnce / 2));
      return null;
    }
  }

  async #settle(done) {
    const notable = done.filter(({ scan, result }) => result.status >= 400 || (scan.verdict === 'release' && result.verdict === 'refuse'));
    const kept = await Promise.all(notable.map(({ scan, result }) => this.#sealed({ scan, result })));
    await settle(done.filter(({ seq }) => seq !== undefined).map(({ seq }) => seq), kept);
    const answered = new Set(done.map(({ scan }) => scan.scan_id));
    this.unsaved = this.unsaved.filter((scan) => !answered.has(scan.scan_id));
  }

  /** Give what an officer has still to see of scans that were answered otherwise: [{ seq, scan, result }]. */
  async kept() {
    return this.#opened(await firstRows('kept', this.checkpoint), (one) => one);
  }

  seen(seq) {
    return dropKept(seq);
  }

  async #storeUnsaved() {
    while (this.unsaved.length && (await this.#store(this.unsaved[0]))) this.unsaved.shift();
  }

  async #store(scan) {
    try {
      await enqueue(await this.#sealed(scan));
      return true;
    } catch {
      return false;
    }
  }

  async #sealed(value) {
    const [[keyId, key]] = this.keys;
    return { checkpoint: this.checkpoint, keyId, ...(await seal(key, value)) };
  }

  async #opened(rows, shape = (scan) => ({ scan })) {
    const known = rows.filter(({ row }) => this.keys.has(row.keyId));
    return Promise.all(
      known.map(async ({ seq, row }) => ({ seq, ...shape(await open(this.keys.get(row.keyId), row)) })),
    );
  }
}
