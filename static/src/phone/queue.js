/**
 * What a driver told and the server has not answered yet, in its order: told without a line, it is sent when there is
 * one, once and one at a time, whatever is reloaded or closed meanwhile and however many tabs are open. A word leaves
 * when the server has answered for it. Refused, it is set aside with the reason until its driver has read it.
 *
 * The queue is a driver's (`of`, given by the server with every page): another's link on the same phone sends nothing
 * of it, and his own next link does.
 */
// Methods of its own begin with a low line: private ones cost the first load a file on the older phones.
import { countWaiting, forget, keepWaiting, rowsOf, settle } from './store.js';

const PATIENCE_MS = 30_000;
/** A photo on the worst line that is still a line. */
const PHOTO_PATIENCE_MS = 180_000;

export class Queue extends EventTarget {
  constructor({ of, url }) {
    super();
    this.of = of;
    this.url = url;
    /** Words that found no room on the disk, in their order: they are gone with the page. */
    this.unsaved = [];
    this.sending = null;
    this.hasSent = false;
    /** Why nothing is sent: '', 'line', 'busy' (seconds in `wait_s`) or 'link'. */
    this.halted = '';
    this.wait_s = 0;
  }

  get isFull() {
    return this.unsaved.length > 0;
  }

  /** Keep a word and its photos, together; they are safe when this resolves, or in memory with `isFull` set. */
  async add(telling, photos = []) {
    const told_at = telling.told_at ?? new Date().toISOString();
    const rows = [{ of: this.of, telling: { ...telling, told_at } }];
    for (const { blob, ...photo } of photos) {
      rows.push({ of: this.of, telling: { kind: 'photo', trip: telling.trip, told_at, ...photo }, photo: blob });
    }
    // Behind others that found no room, or the order would be lost.
    if (this.unsaved.length) await this._saveUnsaved();
    try {
      if (this.unsaved.length) throw new Error('no room');
      await keepWaiting(rows);
    } catch {
      this.unsaved.push(...rows);
    }
    this._changed();
    return !this.isFull;
  }

  _changed() {
    this.dispatchEvent(new Event('changed'));
  }

  /** Count what waits; of this driver, or of all who told on this phone. */
  async waiting(of = this.of) {
    return (await countWaiting(of).catch(() => 0)) + this.unsaved.length;
  }

  /** Send nothing any more: this phone forgets its drivers. */
  stop() {
    this.isStopped = true;
    this.unsaved = [];
  }

  refused() {
    return rowsOf('refused', this.of).catch(() => []);
  }

  async dismiss(seq) {
    await forget('refused', seq);
    this._changed();
  }

  /** Name what was told of a trip on this phone: it waits, or is sent. */
  async told(trip) {
    const rows = await Promise.all([rowsOf('waiting', this.of), rowsOf('sent', this.of)]).catch(() => []);
    const all = [...rows.flat(), ...this.unsaved];
    return new Set(all.filter(({ telling }) => telling.trip === trip).map(({ telling }) => telling.kind));
  }

  /** Send what waits until nothing does. True if nothing is left. */
  send() {
    if (this.isStopped) return Promise.resolve(true);
    this.sending ??= this._alone(() => this._sendAll()).finally(() => (this.sending = null));
    return this.sending;
  }

  /** One tab sends at a time. Where a browser has no locks two may, and the server takes each word once. */
  _alone(work) {
    return navigator.locks ? navigator.locks.request(`ferryman-phone-${this.of}`, work) : work();
  }

  async _sendAll() {
    while (!this.isStopped) {
      await this._saveUnsaved();
      const row = (await rowsOf('waiting', this.of, 1).catch(() => []))[0] ?? this.unsaved[0];
      if (!row) return true;
      const outcome = await this._sent(row);
      if (!outcome) return false;
      try {
        await this._settle(row, outcome);
      } catch {
        // The disk fails. What was answered is answered the same when it is sent again.
        this.halted = 'line';
        return false;
      }
      this._changed();
    }
    return true;
  }

  /** Send one word; null where it must be sent again. */
  async _sent({ telling, photo }) {
    const body = new FormData();
    body.set('telling', JSON.stringify({ ...telling, sent_at: new Date().toISOString() }));
    if (photo) body.set('photo', photo, 'photo');
    const given = new AbortController();
    const clock = setTimeout(() => given.abort(), photo ? PHOTO_PATIENCE_MS : PATIENCE_MS);
    try {
      const answer = await fetch(this.url, { method: 'POST', body, signal: given.signal });
      return await this._read(answer);
    } catch {
      this.halted = 'line';
      return null;
    } finally {
      clearTimeout(clock);
    }
  }

  async _read(answer) {
    this.halted = answer.redirected ? 'line' : '';
    const isJson = answer.headers.get('Content-Type')?.startsWith('application/json');
    // The page of a hotel's network is no answer.
    if (!isJson || answer.redirected || answer.status >= 500) {
      this.halted = 'line';
      return null;
    }
    if (answer.ok) return { isTaken: true };
    const { errors = [] } = await answer.json();
    if (answer.status === 429) {
      this.halted = 'busy';
      this.wait_s = Number(answer.headers.get('Retry-After')) || 60;
      return null;
    }
    if (errors.some(({ code }) => code === 'link_not_valid')) {
      this.halted = 'link';
      return null;
    }
    return errors.length ? { errors } : ((this.halted = 'line'), null);
  }

  async _settle(row, { isTaken, errors }) {
    const { telling } = row;
    this.hasSent ||= Boolean(isTaken);
    const about = { of: this.of, telling: { telling_id: telling.telling_id, kind: telling.kind, trip: telling.trip, told_at: telling.told_at } };
    // With a check that was refused its photos have nothing to belong to.
    const isOfIt = (other) => !isTaken && other.telling.fields?.about === telling.telling_id;
    this.unsaved = this.unsaved.filter((other) => other.telling.telling_id !== telling.telling_id && !isOfIt(other));
    const waiting = isTaken ? [] : (await rowsOf('waiting', this.of)).filter(isOfIt);
    const seqs = [row, ...waiting].map(({ seq }) => seq).filter((seq) => seq !== undefined);
    const isKept = isTaken && telling.kind !== 'photo';
    await settle(seqs, { sent: isKept ? [about] : [], refused: isTaken ? [] : [{ ...about, errors }] });
  }

  async _saveUnsaved() {
    while (this.unsaved.length) {
      try {
        await keepWaiting([this.unsaved[0]]);
      } catch {
        return;
      }
      this.unsaved.shift();
    }
  }
}
