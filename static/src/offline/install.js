/** Keeps the page and its files for when there is no line, and takes them away at the sign-out. */
import { forget } from './store.js';

const CACHE = 'ferryman-lane';
const MARK = 'ferryman-lane';

/** Mark that this device may hold something of a lane, so that other pages need not ask its stores. */
export function mark() {
  try {
    localStorage.setItem(MARK, 'here');
  } catch {
    // Without storage nothing is kept either.
  }
}

function isMarked() {
  try {
    return localStorage.getItem(MARK) !== null;
  } catch {
    return false;
  }
}

/** Keep the page as it is now, for this officer and place, and what it loads. */
export async function install({ worker, shell }, assets) {
  if (!navigator.serviceWorker) return;
  await navigator.serviceWorker.register(worker);
  const cache = await caches.open(CACHE);
  const loaded = performance.getEntriesByType('resource').map((entry) => new URL(entry.name));
  const files = loaded.filter((url) => url.origin === location.origin && !url.pathname.startsWith('/lane/'));
  const wanted = new Set([...files.map((url) => url.pathname + url.search), ...assets]);
  await Promise.all([...wanted].map((file) => keep(cache, file)));
  await keep(cache, shell, { cache: 'no-store' }, true);
  for (const request of await cache.keys()) {
    const { pathname, search } = new URL(request.url);
    if (pathname !== shell && !wanted.has(pathname + search)) await cache.delete(request);
  }
}

async function keep(cache, address, options, again = false) {
  if (!again && (await cache.match(address, { ignoreVary: true }))) return;
  const answer = await fetch(address, options);
  // A page that sends one elsewhere (to sign in, to choose a lane) is not the page.
  if (answer.ok && !answer.redirected) await cache.put(address, answer);
  // Unread, it would keep its connection.
  else await answer.body?.cancel();
}

/** Forget the list, its key and the page; waiting scans stay sealed for the next officer. */
export async function uninstall() {
  await Promise.allSettled([globalThis.caches?.delete(CACHE), forget()]);
  localStorage.removeItem(MARK);
}

/** Do so when somebody signs out here, before he is. */
export function uninstallAtSignOut() {
  document.addEventListener('submit', async (event) => {
    const form = event.target;
    if (!new URL(form.action).pathname.endsWith('/logout/') || form.dataset.forgotten || !isMarked()) return;
    event.preventDefault();
    form.dataset.forgotten = 'yes';
    // Whatever the device's storage does, nobody is kept from signing out.
    await Promise.race([uninstall(), new Promise((resolve) => setTimeout(resolve, 1500))]);
    form.submit();
  });
}
