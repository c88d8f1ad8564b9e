/** The worker that reads codes in pictures, so that typing and the verdict never wait for a difficult one. */
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';

self.addEventListener('message', async ({ data: { wasm, pixels, width, height, options } }) => {
  if (wasm) return prepareZXingModule({ overrides: { locateFile: () => wasm }, fireImmediately: true });
  const read = await readBarcodes(new ImageData(new Uint8ClampedArray(pixels), width, height), options).catch(() => []);
  self.postMessage(read.map(({ text, isValid }) => ({ text, isValid })));
});
