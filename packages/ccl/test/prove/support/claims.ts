/** What an answer of `checkNarrowing` claims, held against requests by evaluating them. */
import {
  evaluate,
  type MatchedLimit,
  type Narrowing,
  type Policy,
  type Request,
} from '../../../src/index.js';

/** The statements of `parent` and of `child` that one request brings together. */
type Kept = Map<number, Set<number>>;

/** Watches a child that is said to narrow its parent. One limit of the child must count all that the parent's counts, so it remembers. */
export class NarrowingClaim {
  readonly #kept: Kept = new Map();
  permitted = 0;

  constructor(
    readonly child: Policy,
    readonly parent: Policy,
  ) {}

  /** What the request shows against the claim; undefined if nothing. */
  breach(request: Request): string | undefined {
    const own = evaluate(this.child, request);
    if (!own.permitted) return undefined;
    this.permitted++;
    const theirs = evaluate(this.parent, request);
    if (!theirs.permitted) return 'the parent denies what the child permits';
    const names = new Set(own.obligations.map(({ name }) => name));
    const lacking = theirs.obligations.find(({ name }) => !names.has(name));
    if (lacking !== undefined) return `the obligation ${lacking.name} of line ${lacking.line} is lacking`;
    for (const bound of theirs.limits) {
      const keeping = own.limits.filter((limit) => keeps(limit, bound)).map(({ statement }) => statement);
      const before = this.#kept.get(bound.statement) ?? new Set(keeping);
      const still = keeping.filter((statement) => before.has(statement));
      if (still.length === 0) return `no one limit keeps that of line ${bound.line}`;
      this.#kept.set(bound.statement, new Set(still));
    }
    return undefined;
  }
}

/** n_child × ⌈p / p_child⌉ ≤ n on the same field, in exact decimals. */
export function keeps(limit: MatchedLimit, bound: MatchedLimit): boolean {
  if (limit.field !== bound.field) return false;
  const times = BigInt(Math.ceil(bound.periodMs / limit.periodMs));
  const [own, most] = [decimal(limit.amount), decimal(bound.amount)];
  const scale = Math.max(own.places, most.places);
  return (
    own.digits * times * 10n ** BigInt(scale - own.places) <= most.digits * 10n ** BigInt(scale - most.places)
  );
}

/** The number as it is written: `digits` × 10^-`places`. */
function decimal(value: number): { digits: bigint; places: number } {
  const [, whole, fraction = '', exponent = '0'] = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value))!;
  const places = fraction.length - Number(exponent);
  const digits = BigInt(`${whole}${fraction}`);
  return places < 0 ? { digits: digits * 10n ** BigInt(-places), places: 0 } : { digits, places };
}

/** What is wrong with a counterexample; undefined if it shows what it claims. `more` makes requests to look for others in. */
export function flaw(
  child: Policy,
  parent: Policy,
  narrowing: Narrowing & { narrows: false },
  more: () => Iterable<Request>,
): string | undefined {
  const { counterexample, missing } = narrowing;
  if (!isJson(counterexample.context ?? {})) return 'the context is no JSON object';
  const [own, theirs] = [evaluate(child, counterexample), evaluate(parent, counterexample)];
  if (!own.permitted) return `the child denies the counterexample: ${own.code}`;
  if (missing === undefined) return theirs.permitted ? 'the parent permits the counterexample' : undefined;
  if (!theirs.permitted) return `the parent denies what should lack a ${missing}: ${theirs.code}`;
  if (missing === 'obligation') {
    const names = own.obligations.map(({ name }) => name);
    return theirs.obligations.every(({ name }) => names.includes(name))
      ? 'no obligation is lacking'
      : undefined;
  }
  if (theirs.limits.some((bound) => !own.limits.some((limit) => keeps(limit, bound)))) return undefined;
  return lacksOneLimit(child, parent, [counterexample, ...more()], theirs.limits)
    ? undefined
    : 'no limit is lacking';
}

/** Limits that only together keep one of the parent's do not add up, though no single request shows that. */
function lacksOneLimit(
  child: Policy,
  parent: Policy,
  requests: readonly Request[],
  bounds: readonly MatchedLimit[],
): boolean {
  return bounds.some((bound) => {
    let still: Set<number> | undefined;
    for (const request of requests) {
      const [own, theirs] = [evaluate(child, request), evaluate(parent, request)];
      if (!own.permitted || !theirs.limits.some(({ statement }) => statement === bound.statement)) continue;
      const keeping = own.limits.filter((limit) => keeps(limit, bound)).map(({ statement }) => statement);
      still = new Set(keeping.filter((statement) => still === undefined || still.has(statement)));
      if (still.size === 0) return true;
    }
    return false;
  });
}

/** Data that a file can hold and give back. */
export function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object') return false;
  return Array.isArray(value) ? Array.from(value).every(isJson) : Object.values(value).every(isJson);
}
