/** Read the signed text of a QR code as ferry/codes.py does, byte by byte, and short codes. */

const KID_BYTES = 8;
const LONGEST_READ = 512;
const ED25519 = -19;
const CROSSING = -65537;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Why a text is not one of our codes, in a reason code of the contract. */
export class CodeFault extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** Open a code with the keys, CryptoKeys by key id in hex; `check` is false where no signature can be checked. */
export async function openCode(text, keys, check = true) {
  const raw = decode(text);
  const kid = raw.slice(7, 7 + KID_BYTES);
  const payload = raw.slice(18, -66);
  const signature = raw.slice(-64);
  if (!same(raw, envelope(kid, payload, signature))) throw new CodeFault('unreadable');
  const key = keys.get(hex(kid));
  if (key === undefined) throw new CodeFault('unknown_key');
  if (check && !(await crypto.subtle.verify('Ed25519', key, signature, signedBytes(kid, payload)))) {
    throw new CodeFault('bad_signature');
  }
  return claimsOf(payload);
}

function decode(text) {
  const code = [...text].length <= LONGEST_READ && /^(?:HTTPS?:\/\/[^/]+\/P\/)?([A-Z2-7]+)$/.exec(text);
  if (!code) throw new CodeFault('unreadable');
  const body = code[1];
  // So many characters over whole groups of eight hold no byte to its end.
  if ([1, 3, 6].includes(body.length % 8)) throw new CodeFault('unreadable');
  const raw = new Uint8Array(Math.floor((body.length * 5) / 8));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of body) {
    held = (held << 5) | BASE32.indexOf(letter);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      raw[at++] = held >> bits;
      held &= (1 << bits) - 1;
    }
  }
  // Bits to spare must be nought, or several texts would be one code.
  if (held) throw new CodeFault('unreadable');
  return raw;
}

// --- CBOR, as far as our codes go --------------------------------------------------------------

const envelope = (kid, payload, signature) =>
  joined([0x84], bytes(protectedHeader(kid)), [0xa0], bytes(payload), bytes(signature));
const signedBytes = (kid, payload) =>
  joined([0x84], textOf('Signature1'), bytes(protectedHeader(kid)), bytes([]), bytes(payload));
const protectedHeader = (kid) => joined([0xa2], integer(1), integer(ED25519), integer(4), bytes(kid));

/** Write the head of an item in the shortest form. */
function head(major, value) {
  const first = major << 5;
  if (value < 24) return [first | value];
  if (value < 0x100) return [first | 24, value];
  if (value < 0x10000) return [first | 25, value >> 8, value & 0xff];
  const high = Math.floor(value / 0x100000000);
  const low = value >>> 0;
  const quads = (high ? [high, low] : [low]).flatMap((quad) => [quad >>> 24, (quad >>> 16) & 0xff, (quad >>> 8) & 0xff, quad & 0xff]);
  return [first | (high ? 27 : 26), ...quads];
}

const integer = (value) => (value < 0 ? head(1, -1 - value) : head(0, value));
const bytes = (value) => joined(head(2, value.length), value);
const textOf = (value) => {
  const encoded = new TextEncoder().encode(value);
  return joined(head(3, encoded.length), encoded);
};

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}

const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

const writeClaims = (claims) =>
  joined(
    [0xa5],
    integer(1),
    textOf(claims.issuer),
    integer(4),
    integer(claims.expires),
    integer(5),
    integer(claims.notBefore),
    integer(7),
    bytes(claims.passBytes),
    integer(CROSSING),
    [0x85],
    ...[claims.trip, claims.vin, claims.passportTail, claims.exit, claims.entry].map(textOf),
  );

/** Read claims that are written exactly as `writeClaims` writes them. Times are in milliseconds. */
function claimsOf(payload) {
  const claims = new Reader(payload).claims();
  if (!same(writeClaims(claims), payload)) throw new CodeFault('unreadable');
  const id = hex(claims.passBytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return { ...claims, passId: id, notBefore: claims.notBefore * 1000, expires: claims.expires * 1000 };
}

/** The years 1 to 9999, in seconds. */
const FIRST_SECOND = -62135596800;
const LAST_SECOND = 253402300799;

class Reader {
  constructor(from) {
    this.from = from;
    this.at = 0;
  }

  claims() {
    this.#expect(0xa5);
    const issuer = this.#labelled(1, () => this.#text());
    const expires = this.#labelled(4, () => this.#moment());
    const notBefore = this.#labelled(5, () => this.#moment());
    const passBytes = this.#labelled(7, () => this.#bytes(2));
    if (passBytes.length !== 16) throw new CodeFault('unreadable');
    const [trip, vin, passportTail, exit, entry] = this.#labelled(CROSSING, () => {
      this.#expect(0x85);
      return Array.from({ length: 5 }, () => this.#text());
    });
    return { issuer, expires, notBefore, passBytes, trip, vin, passportTail, exit, entry };
  }

  #labelled(label, read) {
    if (this.#integer() !== label) throw new CodeFault('unreadable');
    return read();
  }

  #expect(byte) {
    if (this.#take(1)[0] !== byte) throw new CodeFault('unreadable');
  }

  #take(length) {
    const taken = this.from.slice(this.at, (this.at += length));
    if (taken.length !== length) throw new CodeFault('unreadable');
    return taken;
  }

  #head() {
    const [first] = this.#take(1);
    const short = first & 31;
    if (short > 27) throw new CodeFault('unreadable');
    const value = short < 24 ? short : this.#take(1 << (short - 24)).reduce((sum, byte) => sum * 256 + byte, 0);
    if (!Number.isSafeInteger(value)) throw new CodeFault('unreadable');
    return [first >> 5, value];
  }

  #integer() {
    const [major, value] = this.#head();
    if (major > 1) throw new CodeFault('unreadable');
    return major ? -1 - value : value;
  }

  #moment() {
    const seconds = this.#integer();
    if (seconds < FIRST_SECOND || seconds > LAST_SECOND) throw new CodeFault('unreadable');
    return seconds;
  }

  #bytes(wanted) {
    const [major, length] = this.#head();
    if (major !== wanted) throw new CodeFault('unreadable');
    return this.#take(length);
  }

  #text() {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#bytes(3));
    } catch {
      throw new CodeFault('unreadable');
    }
  }
}

export const hex = (raw) => Array.from(raw, (byte) => byte.toString(16).padStart(2, '0')).join('');

export function fromBase64url(text) {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

// --- What a scanner or a person typed ----------------------------------------------------------

/** Bring what was scanned or typed into the form `openCode` reads; correct nothing that is signed. */
export function normalise(text) {
  let typed = tidy(text);
  if (isCyrillicTyping(typed)) typed = byKeyPosition(typed);
  const address = /^(?:HTTPS?:\/\/)?[^/]+\/P\/([^/]+)$/.exec(typed);
  return address ? address[1] : typed;
}

const UNSEEN = /[\s\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/g;

/** Leave out what cannot be seen, and write upper case and half width; toUpperCase would make ASCII of ſ, ı and ﬁ. */
const tidy = (text) =>
  text
    .replace(UNSEEN, '')
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/[a-z]/g, (small) => small.toUpperCase());

const isCyrillicTyping = (text) => /[\u0400-\u04ff]/.test(text) && !/[A-Z]/.test(text);

function byKey(layout, keys) {
  const both = [...layout, ...layout.toUpperCase()];
  const twice = [...keys, ...keys];
  return new Map(both.map((letter, at) => [letter, twice[at]]));
}

const LETTER_KEYS = byKey('йцукенгшщзхъфывапролджэячсмитьбю', "QWERTYUIOP[]ASDFGHJKL:'ZXCVBNM,.");
const RUSSIAN_KEYS = new Map([...LETTER_KEYS, ...byKey('.', '/')]);
const KAZAKH_KEYS = new Map([...LETTER_KEYS, ...byKey('"әіңғ,.үұқөһ№', '1234567890-=/')]);

function byKeyPosition(text) {
  // A full stop is the slash in Russian and 7 in Kazakh. Slashes follow a colon, and Kazakh writes them №.
  const isRussianAddress = !text.includes('№') && /[Жж]/.test(text);
  return translate(text, isRussianAddress ? RUSSIAN_KEYS : KAZAKH_KEYS);
}

const translate = (text, by) => Array.from(text, (letter) => by.get(letter) ?? letter).join('');

// --- Short codes -------------------------------------------------------------------------------

const SYMBOLS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LOOK_ALIKES = new Map([...'АВЕКМНОРСТУХІҮҺавекмнорстухіүһ'].map((letter, at) => [letter, 'ABEKMHOPCTYXIYH'.repeat(2)[at]]));
const MISREAD = new Map([...'OIL'].map((letter, at) => [letter, '011'[at]]));

/** Bring a short code as somebody typed it into its stored form; null if it is not one. */
export function readShortCode(text) {
  if ([...text].length > LONGEST_READ) return null;
  const typed = tidy(text);
  const readings = [translate(typed, LOOK_ALIKES)];
  if (isCyrillicTyping(typed)) readings.push(byKeyPosition(typed));
  const held = new Set(readings.map((one) => translate(one.replace(/[-‐‑‒–—―−]+/g, ''), MISREAD)).filter(isShortCode));
  return held.size === 1 ? [...held][0] : null;
}

function isShortCode(bare) {
  if (bare.length !== 9 || [...bare].some((symbol) => !SYMBOLS.includes(symbol))) return false;
  const value = [...bare.slice(0, 8)].reduce((sum, symbol) => (sum * 32 + SYMBOLS.indexOf(symbol)) % 37, 0);
  return SYMBOLS.indexOf(bare[8]) === value;
}
