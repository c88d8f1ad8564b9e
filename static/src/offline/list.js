/** Judge by the offline list, as clearance/rules/offline.py does. */
import { CodeFault, fromBase64url, hex, normalise, openCode, readShortCode } from './code.js';
import { judge, nothingAgainst } from './rules.js';

/** A checkpoint's list as it was last known, with the table of rules it is judged by. */
export class OfflineList {
  /** `content` is an answer of the server, whole. */
  constructor(content, table) {
    this.content = content;
    this.table = table;
    this.asOf = moment(content.as_of);
    this.passes = new Map(content.passes.map((line) => [line.pass_id, line]));
    this.ended = new Map(content.ended.map((line) => [line.pass_id, line]));
    this.byShortCode = new Map(content.passes.map((line) => [line.short_code, line]));
    this.zone = new Intl.DateTimeFormat('en-GB', { timeZone: content.hours.time_zone, dateStyle: 'short', timeStyle: 'medium', hourCycle: 'h23' });
    this.keys = null;
  }

  /** Take over what a later answer tells; one without `since` replaces everything. */
  merge(answer) {
    if (answer.since === null) return new OfflineList(answer, this.table);
    const ended = new Map([...this.ended, ...answer.ended.map((line) => [line.pass_id, line])]);
    const passes = new Map([...this.passes, ...answer.passes.map((line) => [line.pass_id, line])]);
    for (const passId of ended.keys()) passes.delete(passId);
    return new OfflineList({ ...answer, since: null, passes: [...passes.values()], ended: [...ended.values()] }, this.table);
  }

  /** Say whether a later answer tells anything that this list does not hold. */
  hasNews(answer) {
    if (answer.since === null) return true;
    const isTold = (held, line) => JSON.stringify(held.get(line.pass_id)) === JSON.stringify(line);
    const rest = ({ checkpoint, hours, routes, closures, objections, keys }) =>
      JSON.stringify([checkpoint, hours, routes, closures, objections, keys]);
    return (
      !answer.passes.every((line) => isTold(this.passes, line)) ||
      !answer.ended.every((line) => isTold(this.ended, line)) ||
      rest(answer) !== rest(this.content)
    );
  }

  /** Take note that this was still all at a later moment. */
  stillHolds(asOf) {
    this.asOf = moment(asOf);
  }

  /** Give the clock's least tolerance. */
  get clockSkew() {
    return Math.min(...this.content.routes.map((route) => route.clock_skew_s * 1000));
  }

  /** Name the trip that a text belongs to, if it is a pass. */
  async tripOf(text) {
    const { fault, claims, line } = await this.#named(text);
    return fault ? null : (line?.trip ?? claims.trip);
  }

  age(at) {
    return Math.max(at - this.asOf, 0);
  }

  /** Give the verdict on what was read at a moment; `earlier` tells by trip what was let through here since. */
  async judge(text, at, earlier) {
    const { fault, claims, line, canCheck } = await this.#named(text);
    const facts = fault ? { ...nothingAgainst(at, ''), fault } : this.#facts(claims, line, at, earlier, canCheck);
    const trip = line?.trip ?? claims?.trip ?? '';
    return { ...judge(facts, this.table), list_age: this.age(at), claims: claims ?? null, line: line ?? null, trip };
  }

  /** Find whose pass a text is, or what is wrong with it. */
  async #named(text) {
    const short = readShortCode(text);
    if (short !== null) {
      const line = this.byShortCode.get(short);
      return line ? { line } : { fault: 'unknown_pass' };
    }
    const { keys, canCheck } = await this.#trusted();
    try {
      const claims = await openCode(normalise(text), keys, canCheck);
      const line = this.passes.get(claims.passId);
      if (line && (claims.vin !== line.vin || claims.trip !== line.trip)) return { fault: 'bad_signature', claims };
      // Nobody vouches for a text whose signature was not checked, unless the list holds it.
      if (!line && !canCheck) return { fault: 'unknown_pass' };
      return { claims, line, canCheck };
    } catch (fault) {
      if (fault instanceof CodeFault) return { fault: fault.code };
      throw fault;
    }
  }

  async #trusted() {
    this.keys ??= await trusted(this.content.keys);
    return this.keys;
  }

  #facts(claims, line, at, earlier, canCheck) {
    const route = this.#route(claims, line);
    const ends = route ? [route.exit, route.entry] : claims ? [claims.exit, claims.entry] : [];
    const crossing = ['exit', 'entry'][ends.indexOf(this.content.checkpoint)] ?? '';
    const [opensAt, closesAt] = line ? [moment(line.opens_at), moment(line.closes_at)] : [claims.notBefore, claims.expires];
    const spans = this.#spans(route);
    const [day, local] = this.#local(at);
    const skew = limit(route, 'clock_skew_s');
    return {
      ...nothingAgainst(at, day),
      crossing,
      opens_at: opensAt,
      closes_at: closesAt,
      entry_until: openDeadline(closesAt, limit(route, 'entry_alert_s'), spans),
      clock_skew: skew,
      right_checkpoints: ends,
      ...this.#closed(spans, at, local),
      list_age: this.age(at),
      list_age_limit: limit(route, 'list_age_limit_s'),
      signature: !claims ? 'none' : canCheck ? 'good' : 'unchecked',
      clock_wrong: at < this.asOf - skew,
      ...this.#said(claims, line, crossing, earlier.get(line?.trip ?? claims?.trip), Number(local.slice(0, 2))),
    };
  }

  /** Say what the list knows of the pass and its trip, and what this checkpoint did since. */
  #said(claims, line, crossing, passing, hour) {
    const here = passing ? { passed_at: passing.at, passed_lane: passing.lane } : {};
    if (!line) {
      const ended = this.ended.get(claims.passId);
      const state = ended ? { pass_state: ended.state, ended_at: momentIfAny(ended.ended_at) } : {};
      return { trip_state: crossing === 'entry' ? 'exited' : 'ready', listed: Boolean(ended), ...state, ...here };
    }
    const passedAt = momentIfAny({ exit: line.exited_at, entry: line.arrived_at }[crossing] ?? null);
    const later = [line.delivered_at, crossing === 'exit' ? line.arrived_at : null].filter(Boolean).map(moment);
    return {
      trip_state: line.state,
      passed_at: passedAt,
      onward_at: later.length ? Math.min(...later) : null,
      ...this.#objected(line.pass_id, hour),
      ...(passedAt === null ? here : {}),
    };
  }

  #objected(passId, hour) {
    const said = {};
    for (const one of this.content.objections[passId] ?? []) {
      if (one.hours && !one.hours.some(([from, until]) => isWithin(hour, from, until))) continue;
      Object.assign(said, this.table.objected[one.code] ?? this.table.by_verdict[one.verdict] ?? {});
      if ('instruction' in one.params) said.instruction = one.params.instruction;
    }
    return said;
  }

  #route(claims, line) {
    const { routes } = this.content;
    if (line) return routes.find((one) => one.route === line.route);
    return routes.find((one) => one.exit === claims.exit && one.entry === claims.entry);
  }

  /** Give the closures of a route: its own and those of every route. */
  #spans(route) {
    const own = this.content.closures.filter((one) => one.route === null || one.route === route?.route);
    return merged(own.map((one) => [moment(one.starts_at), moment(one.ends_at)]));
  }

  #closed(spans, at, local) {
    const closure = spans.find(([from, to]) => from <= at && at < to);
    if (closure) return { closed: true, reopens_at: closure[1] };
    const { opens, closes } = this.content.hours;
    return { closed: !isOpenByHours(opens, closes, local) };
  }

  /** Give day and time by the checkpoint's own clock, as ISO text. */
  #local(at) {
    const part = Object.fromEntries(this.zone.formatToParts(at).map(({ type, value }) => [type, value]));
    return [`${part.year}-${part.month}-${part.day}`, `${part.hour}:${part.minute}:${part.second}`];
  }
}

/** Read the keys of a list; a browser without Ed25519 finds them by name and can check nothing. */
async function trusted(jwks) {
  const raw = jwks.map((jwk) => [hex(fromBase64url(jwk.kid)), fromBase64url(jwk.x)]);
  try {
    const read = raw.map(async ([kid, x]) => [kid, await crypto.subtle.importKey('raw', x, 'Ed25519', false, ['verify'])]);
    return { keys: new Map(await Promise.all(read)), canCheck: true };
  } catch {
    return { keys: new Map(raw), canCheck: false };
  }
}

const moment = (text) => Date.parse(text);
const momentIfAny = (text) => (text ? moment(text) : null);
const limit = (route, name) => (route ? route[name] * 1000 : 0);

/** Say whether an hour lies in hours that may run over midnight. */
const isWithin = (hour, from, until) => (from < until ? from <= hour && hour < until : hour >= from || hour < until);

function isOpenByHours(opens, closes, local) {
  if (opens === null || closes === null) return true;
  return opens <= closes ? opens <= local && local < closes : local >= opens || local < closes;
}

/** Find the first moment by which `length` of open time has run since `start`. */
function openDeadline(start, length, spans) {
  let at = start;
  let left = length;
  for (const [closes, reopens] of spans) {
    if (reopens <= at) continue;
    const run = Math.max(closes - at, 0);
    if (left <= run) break;
    at = reopens;
    left -= run;
  }
  return at + left;
}

/** Put closures in order and join those that overlap or touch. */
function merged(closures) {
  const spans = [];
  for (const [closes, reopens] of closures.filter(([from, to]) => from < to).sort((one, other) => one[0] - other[0] || one[1] - other[1])) {
    const last = spans[spans.length - 1];
    if (last && closes <= last[1]) last[1] = Math.max(last[1], reopens);
    else spans.push([closes, reopens]);
  }
  return spans;
}
