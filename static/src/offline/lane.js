/** The officer's page without a line: judges by the list, keeps what was decided, sends it when the line is back. */
import './offline.css';
import { install, mark, uninstallAtSignOut } from './install.js';
import { Keeper, SignedOut } from './keeper.js';
import { Queue } from './queue.js';
import { showState, showVerdict } from './show.js';

const REFRESH_MS = 60_000;
const RETRY_MS = [2000, 4000, 8000, 15_000];
/** So long the server may think while a list could answer instead. */
const PATIENCE_MS = 1500;

/** Nothing offline, where the page has not what it takes. */
const NOTHING = {
  patience: (usual) => usual,
  isDown: () => false,
  answer: async () => null,
  saw: () => {},
};

function begin(page) {
  mark();
  uninstallAtSignOut();
  if (!globalThis.crypto?.subtle || !globalThis.indexedDB) {
    showState(page, { line: 'online', warnings: [page.words.insecure] });
    return NOTHING;
  }
  return new Lane(page);
}

class Lane {
  constructor(page) {
    this.page = page;
    this.keeper = new Keeper(page);
    this.queue = new Queue(page.checkpoint.code);
    this.isUp = navigator.onLine;
    this.isSignedOut = false;
    // Until the first answer nothing is said of a list: what comes and goes moves the page under a finger.
    this.isAsking = this.isUp;
    this.failures = 0;
    this.waiting = 0;
    this.kept = [];
    this.loaded = this.#load();
    window.addEventListener('online', () => this.#meet());
    window.addEventListener('offline', () => this.#fell());
    setInterval(() => this.keeper.checkTheEnd().then(() => this.#look()), 20_000);
    // Or the browser may throw away what waits when room runs short.
    navigator.storage?.persist?.();
  }

  // --- For the page --------------------------------------------------------------------------------

  /** Say how long to wait for the server's answer. */
  patience(usual) {
    return this.keeper.list ? PATIENCE_MS : usual;
  }

  /** Say whether to judge without asking the server at all. */
  isDown() {
    return !this.isUp && Boolean(this.keeper.list);
  }

  /** Judge a text, keep the scan, and give the verdict to show; null where there is no list. */
  async answer(text, scanId) {
    this.#fell();
    await this.loaded;
    await this.keeper.checkTheEnd();
    if (!this.keeper.list) return null;
    const at = this.keeper.now();
    const judgement = await this.keeper.list.judge(text, at, this.keeper.earlier);
    const lane = document.querySelector('#scan-form [name=lane]').value;
    if (judgement.verdict === 'release') this.keeper.earlier.set(judgement.trip, { at, lane, waits: true });
    await this.queue.add(this.#scan(text, scanId, lane, at, judgement));
    await this.#show();
    return showVerdict(this.page, judgement, { at, lane });
  }

  #scan(text, scanId, lane, at, { verdict, list_age: age, trip }) {
    return {
      scan_id: scanId,
      code: text,
      lane,
      scanned_at: new Date(at).toISOString(),
      verdict,
      list_age_s: age / 1000,
      badge: this.keeper.session.badge,
      trip,
    };
  }

  /** Take note of the server's verdict: what it let through is let through once offline too. */
  async saw(text, verdict) {
    this.#rose();
    if (verdict !== 'release') return;
    await this.loaded;
    const trip = await this.keeper.list?.tripOf(text);
    const lane = document.querySelector('#scan-form [name=lane]').value;
    if (trip) await this.keeper.passed([[trip, { at: this.keeper.now(), lane }]]);
  }

  // --- The line ------------------------------------------------------------------------------------

  async #load() {
    try {
      await this.keeper.load();
      this.queue.keys = this.keeper.queueKeys;
      for (const { trip, verdict, scanned_at: at, lane } of await this.queue.waiting()) {
        if (verdict === 'release') this.keeper.earlier.set(trip, { at: Date.parse(at), lane, waits: true });
      }
    } catch (fault) {
      console.warn('What the device kept cannot be read.', fault);
    }
    await this.#show();
    this.#meet();
    install(this.page.addresses, this.page.assets).then(
      () => (document.getElementById('offline-strip').dataset.installed = ''),
      (fault) => console.info('The page was not kept.', fault),
    );
  }

  /** Talk to the server now, and again after a while. */
  async #meet() {
    if (this.meeting) return;
    clearTimeout(this.timer);
    this.meeting = true;
    await this.loaded;
    try {
      await this.keeper.greet();
      this.queue.keys = this.keeper.queueKeys;
      this.isSignedOut = false;
      this.#rose();
      // First what waits: it is short, and on a line that breaks the list may never come to its end.
      await this.#send();
      await this.keeper.renew();
    } catch (fault) {
      this.isSignedOut = fault instanceof SignedOut;
      if (this.isSignedOut) await this.keeper.signedOut();
      else this.#fell();
    }
    this.meeting = this.isAsking = false;
    const pause = this.isUp ? REFRESH_MS : RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)];
    this.timer = setTimeout(() => this.#meet(), pause);
    await this.#show();
  }

  async #send() {
    const sent = await this.queue.send((scans, patience) => this.keeper.post(scans, patience), (done) => this.#settled(done));
    if (!sent) throw new Error('not everything could be sent');
  }

  /** What was let through offline is now for the server's list to tell. */
  #settled(done) {
    const released = done.filter(({ scan }) => scan.verdict === 'release' && scan.trip);
    this.keeper.passed(released.map(({ scan }) => [scan.trip, { at: this.keeper.now(), lane: scan.lane }]));
    this.#show();
  }

  #fell() {
    if (this.isUp) {
      this.isUp = false;
      this.failures = 0;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#meet(), RETRY_MS[0]);
    }
    this.#look();
  }

  #rose() {
    this.isUp = true;
    this.failures = 0;
    this.#look();
  }

  // --- What is said of it --------------------------------------------------------------------------

  async #show() {
    try {
      this.waiting = await this.queue.count();
      this.kept = await this.queue.kept();
    } catch (fault) {
      console.warn('The queue cannot be read.', fault);
    }
    this.#look();
  }

  #look() {
    const { keeper, queue } = this;
    showState(this.page, {
      line: this.isUp ? 'online' : 'offline',
      age: keeper.list && keeper.list.age(keeper.now()),
      isLocked: keeper.isLocked,
      isAsking: this.isAsking,
      waiting: this.waiting,
      unsaved: queue.unsaved.length,
      isSignedOut: this.isSignedOut && this.waiting > 0,
      clockOff: keeper.offset,
      clockSkew: keeper.list?.clockSkew ?? 300_000,
      cannotCheck: keeper.list?.keys?.canCheck === false,
      kept: this.kept,
      seen: (seq) => this.queue.seen(seq).then(() => this.#show()),
    });
  }
}

const data = document.getElementById('offline-data');

export const offline = data ? begin(JSON.parse(data.textContent)) : NOTHING;
