/** Time lookups in an offline list in JavaScript: a JSON file in ({ list, table, texts, at }), one line of figures out. */
import { readFileSync } from 'node:fs';
import { OfflineList } from '../static/src/offline/list.js';

const text = readFileSync(process.argv[2], 'utf8');
const { list, table, texts, at } = JSON.parse(text);

const began = performance.now();
const kept = new OfflineList(list, table);
const built = performance.now() - began;

const lookups = times(list.passes.slice(0, 5000), (line) => kept.passes.get(line.pass_id) ?? kept.byShortCode.get(line.short_code));
const verdicts = [];
for (const one of texts) {
  const start = performance.now();
  const { verdict } = await kept.judge(one, at, new Map());
  verdicts.push(performance.now() - start);
  if (verdict !== 'release') throw new Error(verdict);
}
process.stdout.write(JSON.stringify({ built, lookup: at99(lookups), verdict: at50(verdicts), worst: at99(verdicts) }));

function times(values, work) {
  return values.map((value) => {
    const start = performance.now();
    work(value);
    return performance.now() - start;
  });
}

function at50(values) {
  return part(values, 0.5);
}

function at99(values) {
  return part(values, 0.99);
}

function part(values, share) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length * share)];
}
