/** The fields of a decision and of an outcome: the form of each as it is handed in, and as it stands in a leaf. */
import { canonicalizeJson, type JsonValue, snapshotJson } from '@stele/crypto';
import { sha256Hex } from './hashing.js';
import { isCount, isDigest, quoted } from './json-text.js';
import { parseTime } from './time.js';

/** A list with more items stands in a leaf as their count and hash. */
export const MAX_ITEMS = 64;

/** How one kind of value is written as canonical JSON; undefined for a value that is not of the form. */
interface Form {
  /** As it is handed in. */
  write(value: unknown): string | undefined;
  /** As it stands in a leaf, which is the same for all but lists. */
  rewrite(value: unknown): string | undefined;
}

/** One field of an entry. */
export interface Field extends Form {
  readonly name: string;
  /** The name as it is written before a value. */
  readonly label: string;
  /** Whether it is committed: `marked` means where the host names it personal. */
  readonly personal: 'always' | 'marked' | 'never';
  readonly optional: boolean;
}

const same = (write: Form['write']): Form => ({ write, rewrite: write });

/** A text of few forms, none of which has a character that JSON escapes. */
const word = (fits: (value: string) => boolean): Form =>
  same((value) => (typeof value === 'string' && fits(value) ? `"${value}"` : undefined));

const number = (fits: (value: unknown) => boolean): Form =>
  same((value) => (fits(value) ? `${value}` : undefined));

const oneOf = (...words: readonly string[]): Form => word((value) => words.includes(value));

const TEXT = same((value) => (typeof value === 'string' ? quoted(value) : undefined));
const COUNT = number(isCount);
const POSITIVE = number((value) => isCount(value) && value > 0);
const TIME = word((value) => parseTime(value) !== undefined);
const TRACE = word((value) => /^(?!0{32})[0-9a-f]{32}$/.test(value));
const CODE = word((value) => /^[a-z][a-z0-9_]{0,63}$/.test(value));
/** Of what is always committed the value's form is not this table's. */
const COMMITMENT = word(isDigest);

const list = (item: Form): Form => ({
  write: (value) => {
    if (!Array.isArray(value)) return undefined;
    if (value.length <= MAX_ITEMS) return joined(value, item);
    // Its items are read once: what is checked is what is hashed.
    const copy = snapshotJson(value) as readonly JsonValue[];
    return copy.every((each) => item.write(each) !== undefined) ? summaryOf(copy) : undefined;
  },
  rewrite: (value) => {
    if (!Array.isArray(value)) return summary(value);
    return value.length <= MAX_ITEMS ? joined(value, item) : undefined;
  },
});

function joined(items: readonly unknown[], item: Form): string | undefined {
  let written = '';
  for (const each of items) {
    const one = item.write(each);
    if (one === undefined) return undefined;
    written += written === '' ? one : `,${one}`;
  }
  return `[${written}]`;
}

/** What stands in a leaf for a list that is too long for it. */
export function summaryOf(items: readonly JsonValue[]): string {
  return `{"count":${items.length},"hash":"${sha256Hex(Buffer.from(canonicalizeJson(items)))}"}`;
}

function summary(value: unknown): string | undefined {
  const { count, hash } = (value ?? {}) as { count?: unknown; hash?: unknown };
  return isCount(count) && count > MAX_ITEMS && isDigest(hash)
    ? `{"count":${count},"hash":"${hash}"}`
    : undefined;
}

const field = (name: string, form: Form, personal: Field['personal'] = 'never', optional = false): Field => ({
  name,
  label: `"${name}":`,
  personal,
  optional,
  ...form,
});

/** In the order of RFC 8785. */
export const DECISION_FIELDS: readonly Field[] = [
  field('action', TEXT, 'marked'),
  field('agent', COMMITMENT, 'always'),
  field('chain', list(TEXT), 'marked'),
  field('code', CODE),
  field('context', COMMITMENT, 'always'),
  field('count', POSITIVE, 'never', true),
  field('covenant', TEXT, 'marked'),
  field('decision', oneOf('permit', 'pending', 'deny')),
  field('kind', oneOf('decision')),
  field('lost', POSITIVE, 'never', true),
  field('mode', oneOf('enforce', 'shadow')),
  field('obligations', list(TEXT), 'marked'),
  field('pattern', TEXT, 'marked', true),
  field('policy', TEXT, 'marked'),
  field('resource', COMMITMENT, 'always'),
  field('seq', COUNT),
  field(
    'settles',
    same((value) => (value === false ? 'false' : undefined)),
    'never',
    true,
  ),
  field('statements', list(COUNT), 'marked'),
  field('time', TIME),
  field('trace', TRACE, 'marked', true),
  field(
    'v',
    number((value) => value === 1),
  ),
];

/** In the order of RFC 8785. */
export const OUTCOME_FIELDS: readonly Field[] = [
  field('kind', oneOf('outcome')),
  field('lost', POSITIVE, 'never', true),
  field('of', COUNT),
  field('outcome', oneOf('done', 'failed', 'not_performed', 'unknown')),
  field('seq', COUNT),
  field('time', TIME),
  field(
    'v',
    number((value) => value === 1),
  ),
];

/** What a host cannot name personal: the log itself must read it. */
export const NEVER_PERSONAL: ReadonlySet<string> = new Set(
  [...DECISION_FIELDS, ...OUTCOME_FIELDS]
    .filter(({ personal }) => personal === 'never')
    .map(({ name }) => name),
);
