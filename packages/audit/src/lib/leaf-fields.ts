/** The fields of a decision and of an outcome: the form of each as it is handed in, and as it stands in a leaf. */
import { canonicalizeJson, snapshotJson } from '@stele/crypto';
import { sha256Hex } from './hashing.js';
import { isCount, isDigest, quoted } from './json-text.js';
import { parseTime } from './time.js';

/** A list with more items stands in a leaf as their count and hash. */
export const MAX_ITEMS = 64;

/** One field of an entry. */
export interface Field {
  readonly name: string;
  /** `always` or `never` committed, or `marked`: where the host names it personal. */
  readonly personal: 'always' | 'marked' | 'never';
  readonly optional: boolean;
  /** The canonical text of a value as it is handed in; undefined for one that is not of the field's form. */
  write(value: unknown): string | undefined;
  /** Whether a value can stand in a leaf, in clear. */
  stands(value: unknown): boolean;
}

type Form = Pick<Field, 'write' | 'stands'>;

const text = (fits: (value: string) => boolean): Form => {
  const stands = (value: unknown): value is string => typeof value === 'string' && fits(value);
  return { write: (value) => (stands(value) ? quoted(value) : undefined), stands };
};

const whole = (fits: (value: unknown) => value is number): Form => ({
  write: (value) => (fits(value) ? `${value}` : undefined),
  stands: fits,
});

const list = (item: Form): Form => ({
  write: (value) => {
    if (!Array.isArray(value)) return undefined;
    return value.length > MAX_ITEMS ? summed(value, item) : joined(value, item);
  },
  stands: (value) =>
    Array.isArray(value) ? value.length <= MAX_ITEMS && value.every(item.stands) : isSummary(value),
});

function joined(items: readonly unknown[], item: Form): string | undefined {
  let written = '[';
  for (const each of items) {
    const one = item.write(each);
    if (one === undefined) return undefined;
    written += written.length === 1 ? one : `,${one}`;
  }
  return `${written}]`;
}

/** Its items are read once: what was checked is what is hashed. */
function summed(items: readonly unknown[], item: Form): string | undefined {
  const copy = snapshotJson(items) as readonly unknown[];
  return copy.every(item.stands) ? summaryOf(copy) : undefined;
}

/** What stands in a leaf for a list that is too long for it. */
export function summaryOf(items: readonly unknown[]): string {
  const hash = sha256Hex(Buffer.from(canonicalizeJson(items)));
  return `{"count":${items.length},"hash":"${hash}"}`;
}

function isSummary(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { count, hash, ...rest } = value as { count?: unknown; hash?: unknown };
  return isCount(count) && count > MAX_ITEMS && isDigest(hash) && Object.keys(rest).length === 0;
}

const oneOf = (...words: readonly string[]): Form => text((value) => words.includes(value));
const pattern = (form: RegExp): Form => text((value) => form.test(value));

const ANY_TEXT = text(() => true);
const COUNT = whole(isCount);
const POSITIVE = whole((value): value is number => isCount(value) && value > 0);
const VERSION = whole((value): value is number => value === 1);
const TIME = text((value) => parseTime(value) !== undefined);
const TRACE = pattern(/^(?!0{32})[0-9a-f]{32}$/);
const CODE = pattern(/^[a-z][a-z0-9_]{0,63}$/);
/** Only said where it is so. */
const FALSE: Form = {
  write: (value) => (value === false ? 'false' : undefined),
  stands: (value) => value === false,
};
/** Never in clear; what its value may be is the committer's to say. */
const COMMITTED: Form = { write: () => undefined, stands: isDigest };
/** The log gives it: nothing is handed in. */
const SEQ: Form = { write: () => undefined, stands: isCount };

const field = (name: string, form: Form, personal: Field['personal'] = 'never', optional = false): Field => ({
  name,
  personal,
  optional,
  ...form,
});

/** In the order of RFC 8785. */
export const DECISION_FIELDS: readonly Field[] = [
  field('action', ANY_TEXT, 'marked'),
  field('agent', COMMITTED, 'always'),
  field('chain', list(ANY_TEXT), 'marked'),
  field('code', CODE),
  field('context', COMMITTED, 'always'),
  field('count', POSITIVE, 'never', true),
  field('covenant', ANY_TEXT, 'marked'),
  field('decision', oneOf('permit', 'pending', 'deny')),
  field('kind', oneOf('decision')),
  field('lost', POSITIVE, 'never', true),
  field('mode', oneOf('enforce', 'shadow')),
  field('obligations', list(ANY_TEXT), 'marked'),
  field('pattern', ANY_TEXT, 'marked', true),
  field('policy', ANY_TEXT, 'marked'),
  field('resource', COMMITTED, 'always'),
  field('seq', SEQ),
  field('settles', FALSE, 'never', true),
  field('statements', list(COUNT), 'marked'),
  field('time', TIME),
  field('trace', TRACE, 'marked', true),
  field('v', VERSION),
];

/** In the order of RFC 8785. */
export const OUTCOME_FIELDS: readonly Field[] = [
  field('kind', oneOf('outcome')),
  field('lost', POSITIVE, 'never', true),
  field('of', COUNT),
  field('outcome', oneOf('done', 'failed', 'not_performed', 'unknown')),
  field('seq', SEQ),
  field('time', TIME),
  field('v', VERSION),
];

/** What a host cannot name personal: the log itself must read it. */
export const NEVER_PERSONAL: ReadonlySet<string> = new Set(
  [...DECISION_FIELDS, ...OUTCOME_FIELDS]
    .filter(({ personal }) => personal === 'never')
    .map(({ name }) => name),
);
