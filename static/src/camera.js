/** A camera that reads codes, for every page that has one. */
import wasm from 'zxing-wasm/reader/zxing_reader.wasm?url';

const WITHOUT_CALLBACK_MS = 100;
/** Why there is no picture, by what the browser calls it; each page says it in its own words. */
const TROUBLES = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'none',
  OverconstrainedError: 'none',
  NotReadableError: 'taken',
  AbortError: 'taken',
};

/** Say whether a camera may be asked for at all: browsers lend it to secure pages only. */
export const canOpen = () => isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);

/**
 * Show the camera in `video` and hand what each look reads to `look`: a list of {text, isValid}.
 *
 * `lost` is called with "lost" when the camera goes away by itself, or with "stale" when the decoder cannot be loaded,
 * as where the server was renewed under an open page. Opening rejects with an Error whose message is one of
 * insecure, denied, none, taken. One look is under way at a time; a picture that comes meanwhile is let go.
 */
export function makeCamera(video, { options, look, lost = () => {} }) {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  let decoder = null;
  let busy = false;
  let track = null;

  /** Open the camera of that id, or one that looks away from the reader. */
  async function open(deviceId) {
    close();
    if (!canOpen()) throw new Error('insecure');
    const opened = await ask(deviceId);
    close(); // Another call may have opened one meanwhile.
    track = opened.getVideoTracks()[0];
    track.addEventListener('ended', unplugged);
    video.srcObject = opened;
    await video.play();
    wake();
    next();
  }

  async function ask(deviceId) {
    const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
    const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: 'environment' };
    try {
      return await navigator.mediaDevices.getUserMedia({ video: { ...which, ...size } });
    } catch (error) {
      // The camera chosen last time may have been unplugged since.
      if (deviceId && TROUBLES[error.name] === 'none') return ask();
      throw new Error(TROUBLES[error.name] ?? 'none', { cause: error });
    }
  }

  function close() {
    track?.removeEventListener('ended', unplugged);
    for (const each of video.srcObject?.getTracks() ?? []) each.stop();
    video.srcObject = track = null;
  }

  const unplugged = () => end('lost');

  function end(why) {
    close();
    lost(why);
  }

  function wake() {
    if (decoder) return;
    decoder = new Worker(new URL('./decoder.js', import.meta.url));
    decoder.postMessage({ wasm: new URL(wasm, import.meta.url).href });
    decoder.addEventListener('error', () => {
      decoder = null;
      busy = false;
      end('stale');
    });
    decoder.addEventListener('message', ({ data }) => {
      busy = false;
      if (track) look(data);
    });
  }

  function next() {
    if (!track) return;
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(show);
    else setTimeout(show, WITHOUT_CALLBACK_MS);
  }

  function show() {
    next();
    if (busy || !track || document.hidden || !video.videoWidth) return;
    const [width, height] = [video.videoWidth, video.videoHeight];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.drawImage(video, 0, 0);
    const pixels = context.getImageData(0, 0, width, height).data.buffer;
    busy = true;
    decoder.postMessage({ pixels, width, height, options }, [pixels]);
  }

  return {
    open,
    close,
    get isOpen() {
      return track !== null;
    },
    get id() {
      return track?.getSettings().deviceId ?? '';
    },
    get hasTorch() {
      return Boolean(track?.getCapabilities?.().torch);
    },
    light: (on) => track.applyConstraints({ advanced: [{ torch: on }] }),
    others: async () =>
      (await navigator.mediaDevices.enumerateDevices()).filter((one) => one.kind === 'videoinput'),
  };
}
