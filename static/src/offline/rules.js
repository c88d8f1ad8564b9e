/** The verdict by the table of clearance/rules/verdict.py, whose conditions are told in clearance/rules/conditions.py. */

/** Judge facts: moments and lengths in milliseconds, days as ISO text, null for what is not known. */
export function judge(facts, table) {
  const found = table.rules.filter((rule) => holds(rule.when, facts));
  if (!found.length) return { verdict: 'release', reasons: [] };
  const decides = table.deciding.find((groups) => found.some((rule) => groups.includes(rule.group))) ?? [];
  const told = found.filter((rule) => rule.always || decides.includes(rule.group));
  return {
    verdict: told.map((rule) => rule.verdict).reduce((one, other) => (table.severity[other] > table.severity[one] ? other : one)),
    reasons: told.map((rule) => ({ code: rule.code, params: params(rule.tells, facts) })),
  };
}

function holds([operator, ...operands], facts) {
  const ask = OPERATORS[operator];
  // A condition this script is too old to read must not be taken for one that does not hold.
  if (!ask) throw new Error(`unknown operator ${operator}`);
  return ask(facts, ...operands);
}

const OPERATORS = {
  is: (facts, name, ...values) => values.includes(fact(facts, name)),
  yes: (facts, name) => Boolean(fact(facts, name)),
  known: (facts, name) => fact(facts, name) !== null,
  before: (facts, a, b) => compared(facts, a, b, (one, other) => one < other),
  by: (facts, a, b) => compared(facts, a, b, (one, other) => one <= other),
  not: (facts, condition) => !holds(condition, facts),
  all: (facts, ...conditions) => conditions.every((condition) => holds(condition, facts)),
  any: (facts, ...conditions) => conditions.some((condition) => holds(condition, facts)),
};

function fact(facts, name) {
  if (facts[name] === undefined) throw new Error(`unknown fact ${name}`);
  return facts[name];
}

function compared(facts, a, b, compare) {
  const [one, other] = [operand(facts, a), operand(facts, b)];
  return one !== null && other !== null && compare(one, other);
}

function operand(facts, of) {
  if (!Array.isArray(of)) return fact(facts, of);
  const [operator, one, other] = of;
  return operator === 'plus' ? fact(facts, one) + fact(facts, other) : fact(facts, one) - fact(facts, other);
}

function params(tells, facts) {
  const told = Object.entries(tells).map(([name, [how, of]]) => [name, TELLERS[how](fact(facts, of))]);
  return Object.fromEntries(told.filter(([, value]) => value !== null));
}

const TELLERS = {
  moment: (value) => (value === null ? null : new Date(value).toISOString()),
  minutes: (value) => (value === null ? null : Math.floor(value / 60_000)),
  text: (value) => value,
  text_if_any: (value) => value || null,
  joined: (value) => value.join(' / '),
  yes: () => true,
};

/** Give facts with nothing against the pass, to be filled in. */
export function nothingAgainst(moment, today) {
  return {
    moment,
    today,
    crossing: '',
    fault: '',
    pass_state: 'open',
    trip_state: 'ready',
    opens_at: moment,
    closes_at: moment,
    entry_until: moment,
    ended_at: null,
    clock_skew: 0,
    right_checkpoints: [],
    passed_at: null,
    passed_lane: '',
    onward_at: null,
    closed: false,
    reopens_at: null,
    declaration_status: 'released',
    licence_needed: false,
    licence_expires_on: null,
    passport_expires_on: '9999-12-31',
    driving_licence_expires_on: '9999-12-31',
    stay_exhausted: false,
    watched: false,
    instruction: '',
    share_selected: false,
    examination: '',
    list_age: null,
    list_age_limit: Infinity,
    offline: true,
    listed: true,
    signature: 'good',
    clock_wrong: false,
  };
}
