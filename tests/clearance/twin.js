/** Answer the cases of test_twins.py in JavaScript: a JSON file in, JSON out. */
import { readFileSync } from 'node:fs';
import { normalise, readShortCode } from '../../static/src/offline/code.js';
import { OfflineList } from '../../static/src/offline/list.js';
import { judge } from '../../static/src/offline/rules.js';

const { table, facts = [], texts = [], worlds = [] } = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const ofWorlds = [];
for (const { list, deltas, cases } of worlds) {
  const kept = deltas.reduce((before, delta) => before.merge(delta), new OfflineList(list, table));
  for (const [text, at, earlier] of cases) {
    const { verdict, reasons, trip } = await kept.judge(text, at, new Map(Object.entries(earlier)));
    ofWorlds.push([verdict, reasons, trip]);
  }
}
const answers = {
  facts: facts.map((one) => {
    const { verdict, reasons } = judge(one, table);
    return [verdict, reasons];
  }),
  texts: texts.map((text) => [normalise(text), readShortCode(text)]),
  worlds: ofWorlds,
};
process.stdout.write(JSON.stringify(answers));
