/** Keeps keys, list and clock for one checkpoint, sealed on the device, fresh while there is a line. */
import { OfflineList } from './list.js';
import { importKey, open, seal } from './seal.js';
import { dropSealed, keepKey, keepSealed, keyNamed, sealedNamed } from './store.js';

export class SignedOut extends Error {}

export class Keeper {
  constructor({ checkpoint, addresses, table }) {
    this.checkpoint = checkpoint.code;
    this.addresses = addresses;
    this.table = table;
    this.list = null;
    this.session = null;
    /** What was let through here, by trip, and the list may not tell yet. */
    this.earlier = new Map();
    /** The server's clock less this device's, in milliseconds; null until it was compared. */
    this.offset = null;
    this.isLocked = false;
  }

  /** Say what time it is by the server's clock: setting the device's own back does not turn time back. */
  now() {
    const byWall = Date.now() + (this.offset ?? 0);
    return this.compared ? Math.max(byWall, this.compared.server + performance.now() - this.compared.at) : byWall;
  }

  /** Open what the device has kept, if the sign-in still lasts. */
  async load() {
    const kept = await keyNamed(`session ${this.checkpoint}`);
    if (!kept) return;
    this.offset = kept.offset;
    this.session = kept;
    if (this.now() >= kept.until) return this.#lock();
    const sealed = await sealedNamed(`list ${this.checkpoint}`);
    if (sealed) await this.#open(sealed);
    const earlier = await sealedNamed(`earlier ${this.checkpoint}`);
    if (earlier) await this.#openEarlier(earlier);
  }

  async #open(sealed) {
    try {
      const content = await open(this.session.listKey, sealed);
      const asOf = (await sealedNamed(`as of ${this.checkpoint}`)) ?? content.as_of;
      this.list = new OfflineList({ ...content, as_of: asOf }, this.table);
      this.isListKept = true;
    } catch {
      // Another sign-in's, or damaged: a whole one is asked for.
      await dropSealed(`list ${this.checkpoint}`);
    }
  }

  async #openEarlier(sealed) {
    try {
      this.earlier = new Map(await open(this.queueKey, sealed));
    } catch {
      await dropSealed(`earlier ${this.checkpoint}`);
    }
  }

  get queueKeys() {
    return this.session?.queueKeys ?? new Map();
  }

  get queueKey() {
    return this.queueKeys.values().next().value;
  }

  /** Forget the list when the sign-in is over; scans that wait stay. */
  async checkTheEnd() {
    if (this.session?.listKey && this.now() >= this.session.until) await this.#lock();
  }

  /** Forget the list and its key: the server has said that nobody is signed in. */
  async signedOut() {
    if (this.session?.listKey) await this.#lock();
  }

  async #lock() {
    this.list = null;
    this.isLocked = true;
    await dropSealed(`list ${this.checkpoint}`);
    await dropSealed(`as of ${this.checkpoint}`);
    // The queue's key goes from the disk with the list's; the open page may still seal and send what it has.
    const none = { listKey: null, queueKeys: new Map(), until: 0, offset: this.offset };
    this.session = { ...none, queueKeys: this.queueKeys, badge: this.session.badge };
    await keepKey(`session ${this.checkpoint}`, none);
  }

  // --- With a line ---------------------------------------------------------------------------------

  /** Ask for what changed on the list since. */
  async renew() {
    const since = this.list ? `&since=${encodeURIComponent(new Date(this.list.asOf).toISOString())}` : '';
    const answer = await this.#ask(`${this.addresses.list}?checkpoint=${this.checkpoint}${since}`, {}, 60_000);
    if (!answer.ok) throw new Error(`the list answered ${answer.status}`);
    await this.#take(await answer.json());
    this.#forgetTold();
  }

  /** Ask the server for keys and time. */
  async greet() {
    const began = performance.now();
    const answer = await this.#ask(`${this.addresses.session}?checkpoint=${this.checkpoint}`, {}, 8000);
    if (!answer.ok) throw new Error(`the session answered ${answer.status}`);
    const said = await answer.json();
    const at = (began + performance.now()) / 2;
    this.compared = { server: Date.parse(said.now), at };
    this.offset = Math.round(this.compared.server - (Date.now() - (performance.now() - at)));
    this.csrf = said.csrf;
    const queueKeys = new Map(
      await Promise.all(said.queue_keys.map(async ({ id, key }) => [id, await importKey(key)])),
    );
    const listKey = await importKey(said.list_key);
    this.session = { until: Date.parse(said.until), badge: said.badge, offset: this.offset, listKey, queueKeys };
    this.isLocked = false;
    await this.#tryTo(() => keepKey(`session ${this.checkpoint}`, this.session));
  }

  async #take(content) {
    if (this.list && !this.list.hasNews(content)) this.list.stillHolds(content.as_of);
    else {
      this.list = this.list?.merge(content) ?? new OfflineList(content, this.table);
      this.isListKept = false;
    }
    if (!this.isListKept) {
      const sealed = await seal(this.session.listKey, this.list.content);
      this.isListKept = await this.#tryTo(() => keepSealed(`list ${this.checkpoint}`, sealed));
    }
    // An older list that called itself so young would let through what was revoked since.
    if (this.isListKept) await this.#tryTo(() => keepSealed(`as of ${this.checkpoint}`, content.as_of));
  }

  /** Post scans that waited; give the server's results. */
  async post(scans, patience) {
    const answer = await this.#ask(
      `${this.addresses.upload}?checkpoint=${this.checkpoint}`,
      {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-CSRFToken': this.csrf },
        body: JSON.stringify({ scans }),
      },
      patience,
    );
    if (!answer.ok) throw new Error(`the upload answered ${answer.status}`);
    return (await answer.json()).results;
  }

  async #ask(address, options, patience) {
    const headers = { 'HX-Request': 'true', ...options.headers };
    const signal = AbortSignal.timeout(patience);
    const answer = await fetch(address, { cache: 'no-store', ...options, headers, signal });
    // Only the server itself ends a sign-in: the page of a hotel's network must not lock the list.
    if (answer.status === 403 && answer.headers.has('HX-Refresh')) throw new SignedOut();
    if (answer.redirected) throw new Error(`${address} led elsewhere`);
    return answer;
  }

  // --- What was let through ------------------------------------------------------------------------

  /** Remember that a trip was let through, until a list tells it. */
  async passed(trips) {
    for (const [trip, passing] of trips) this.earlier.set(trip, passing);
    await this.#keepEarlier();
  }

  #forgetTold() {
    const told = this.list.asOf - 60_000;
    const before = this.earlier.size;
    for (const [trip, { at, waits }] of this.earlier) if (!waits && at < told) this.earlier.delete(trip);
    if (this.earlier.size !== before) this.#keepEarlier();
  }

  async #keepEarlier() {
    // Scans that wait are in the queue; they need not be kept twice.
    const known = [...this.earlier].filter(([, { waits }]) => !waits);
    if (!this.queueKey) return;
    const sealed = await seal(this.queueKey, known);
    await this.#tryTo(() => keepSealed(`earlier ${this.checkpoint}`, sealed));
  }

  /** Go on without what finds no room: it is in memory as long as the page is open. True if it was stored. */
  async #tryTo(store) {
    try {
      await store();
      return true;
    } catch {
      return false;
    }
  }
}
