/** Seal what is kept with AES-GCM. Keys come as bytes once and can never be taken out again. */

const ALGORITHM = 'AES-GCM';
const IV_BYTES = 12;

export function importKey(base64) {
  const raw = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return crypto.subtle.importKey('raw', raw, ALGORITHM, false, ['encrypt', 'decrypt']);
}

export async function seal(key, value) {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const plain = new TextEncoder().encode(JSON.stringify(value));
  return { iv, data: await crypto.subtle.encrypt({ name: ALGORITHM, iv }, key, plain) };
}

/** Open what was sealed; it throws if it was altered or sealed with another key. */
export async function open(key, { iv, data }) {
  const plain = await crypto.subtle.decrypt({ name: ALGORITHM, iv }, key, data);
  return JSON.parse(new TextDecoder().decode(plain));
}
