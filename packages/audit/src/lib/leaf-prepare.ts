import { canonicalizeJson, type JsonObject, type JsonValue, snapshotJson } from '@stele/crypto';
import type { LogEntry } from '../entry.js';
import { canonicalValue, isCount, quoted } from './json-text.js';
import { type Field, MAX_ITEMS, summaryOf } from './leaf-fields.js';
import { isOfTheLog, LeafText, malformed, type Prepared, refused } from './leaf-text.js';
import { parseTime } from './time.js';

/** The longest leaf, in bytes: C2SP tlog-tiles writes its length in two. */
export const MAX_LEAF_BYTES = 65_535;

/** The context of a decision may be as large as a request, and an event as large as a context with its leaf. */
const EVENT_LIMITS = { maxBytes: 1024 * 1024 + MAX_LEAF_BYTES, maxDepth: 64 };

/** No text of so many characters is too long, whatever they are. */
const SHORT = 1_024;

/** What is the same for every entry of a log. */
export interface EncodeOptions {
  /** Further fields that are committed, see `personalFields`. */
  readonly personal?: ReadonlySet<string>;
  /** True for what the log writes of itself: nobody else may use the kinds that begin with `log.`. */
  readonly own?: boolean;
  /** Under whose key the values are sealed, see `ValueSealer`; not given: they are not kept. */
  readonly subjectOf?: ((entry: LogEntry) => string | undefined) | undefined;
}

/** A decision or an outcome: exactly the fields of its form. */
export function prepareKnown(entry: LogEntry, fields: readonly Field[], options: EncodeOptions): Prepared {
  // Each is read once: one that answers differently the second time must not come past its check.
  const given: Record<string, unknown> = { ...entry };
  const subject = options.subjectOf?.(given as unknown as LogEntry);
  const text = new LeafText(options.personal);
  let known = 0;
  for (const field of fields) {
    const value = given[field.name];
    if (field.name === 'seq') {
      text.addNumber();
      continue;
    }
    if (value !== undefined || !field.optional) writeField(field, value, text);
    if (value !== undefined || Object.hasOwn(given, field.name)) known += 1;
  }
  if (Object.keys(given).length !== known) throw strange(given, fields);
  return text.prepared(given, subject);
}

function writeField(field: Field, value: unknown, text: LeafText): void {
  const { name, label, personal } = field;
  if (personal === 'always') {
    text.addCommitted(label, name, personalText(name, value));
    return;
  }
  const written = field.write(value) ?? malformed(name, value);
  // Of a long list only the hash would stand in clear: the list itself is committed.
  if (personal === 'marked' && text.isPersonal(name)) text.addCommitted(label, name, canonicalValue(value));
  else text.add(label, written);
}

/** Agent and resource are texts, a context is any JSON. None of them stands in the leaf, whose length bounds the others. */
function personalText(name: string, value: unknown): string {
  if (typeof value === 'string' && value.length <= SHORT) return quoted(value) ?? malformed(name, value);
  if (typeof value !== 'string' && (name !== 'context' || value === undefined)) return malformed(name, value);
  return canonicalValue(value);
}

/** Says which field is too many. */
function strange(given: Record<string, unknown>, fields: readonly Field[]) {
  if (Object.hasOwn(given, 'seq')) return refused('its seq is given by the log');
  const name = Object.keys(given).find((each) => !fields.some((field) => field.name === each)) as string;
  return refused(`no ${given.kind} has a field ${JSON.stringify(name.slice(0, 64))}`);
}

const KIND = /^[a-z0-9._]{1,64}$/;
const COMMITTED: readonly string[] = ['agent', 'context', 'resource'];
const TEXTS: readonly string[] = ['covenant', 'agent', 'resource'];

/** An event: a few fields of known forms, and whatever JSON the host adds. */
export function prepareEvent(entry: unknown, { personal, own, subjectOf }: EncodeOptions): Prepared {
  const given = snapshotJson(entry, EVENT_LIMITS);
  if (!isObject(given)) throw refused('it is no object');
  checkEvent(given);
  if (isOfTheLog(given.kind) && own !== true)
    throw refused('kinds that begin with "log." are written by the log alone');
  const subject = subjectOf?.(given as unknown as LogEntry);
  const text = new LeafText(personal);
  for (const name of [...Object.keys(given), 'seq'].sort()) {
    const value = given[name];
    const label = `${quoted(name)}:`;
    if (value === undefined) text.addNumber();
    else if (COMMITTED.includes(name) || text.isPersonal(name))
      text.addCommitted(label, name, canonicalizeJson(value));
    else text.add(label, isLong(value) ? summaryOf(value) : canonicalizeJson(value));
  }
  return text.prepared(given, subject);
}

function checkEvent(event: JsonObject): void {
  if (event.v !== 1) malformed('v', event.v);
  if (typeof event.kind !== 'string' || !KIND.test(event.kind)) malformed('kind', event.kind);
  if (typeof event.time !== 'string' || parseTime(event.time) === undefined) malformed('time', event.time);
  if (Object.hasOwn(event, 'seq')) throw refused('its seq is given by the log');
  for (const name of TEXTS) {
    if (Object.hasOwn(event, name) && typeof event[name] !== 'string') malformed(name, event[name]);
  }
  if (Object.hasOwn(event, 'lost') && !(isCount(event.lost) && event.lost > 0)) malformed('lost', event.lost);
}

const isLong = (value: JsonValue): value is readonly JsonValue[] =>
  Array.isArray(value) && value.length > MAX_ITEMS;

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
