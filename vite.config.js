import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { defineConfig } from 'vite';

/** The fonts that windscreen sheets are drawn with (ferry/windscreen.py); no page loads them. */
const FONTS = [
  'noto-sans/400Regular/NotoSans_400Regular.ttf',
  'noto-sans/700Bold/NotoSans_700Bold.ttf',
  'noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf',
  'noto-sans-arabic/400Regular/NotoSansArabic_400Regular.ttf',
];
const fonts = {
  name: 'fonts',
  writeBundle() {
    mkdirSync(`${import.meta.dirname}/static/fonts`, { recursive: true });
    for (const font of FONTS) {
      const from = `${import.meta.dirname}/node_modules/@expo-google-fonts/${font}`;
      copyFileSync(from, `${import.meta.dirname}/static/fonts/${basename(font)}`);
    }
  },
};

/** A page preloads what the manifest says its script imports, and looks no further: say there what those import. */
const preloads = {
  name: 'preloads',
  writeBundle({ dir }) {
    const manifest = JSON.parse(readFileSync(`${dir}/manifest.json`));
    const below = (name) => (manifest[name].imports ?? []).flatMap((one) => [one, ...below(one)]);
    for (const name of Object.keys(manifest)) if (manifest[name].imports) manifest[name].imports = [...new Set(below(name))];
    writeFileSync(`${dir}/manifest.json`, JSON.stringify(manifest, null, 2));
  },
};

export default defineConfig({
  root: 'static/src',
  // Relative, so that the files work under whatever STATIC_URL a deployment chooses.
  base: './',
  publicDir: false,
  plugins: [fonts, preloads],
  css: { preprocessorOptions: { scss: { loadPaths: [`${import.meta.dirname}/node_modules`] } } },
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    manifest: 'manifest.json',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // Drivers' phones are old; their CSS and JS use nothing newer than this. Tabler's CSS needs light-dark() as it is.
    target: ['chrome90', 'firefox90', 'safari15'],
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    rolldownOptions: {
      // htmx can evaluate; its configuration (templates/base/page.html) and the CSP both forbid it.
      checks: { eval: false },
      input: ['portal', 'lane', 'phone', 'scan', 'condition', 'receiving', 'telling'].map((name) => `${import.meta.dirname}/static/src/${name}.js`),
    },
  },
});
