import { isUtf8 } from 'node:buffer';
import { canonicalizeJson, type JsonValue, parseJson } from '@stele/crypto';
import { AuditError } from '../errors.js';
import { isCount, isDigest } from './json-text.js';
import { DECISION_FIELDS, type Field, MAX_ITEMS, OUTCOME_FIELDS } from './leaf-fields.js';
import { MAX_LEAF_BYTES } from './leaf-prepare.js';
import type { Leaf } from './leaf-types.js';
import { parseTime } from './time.js';

const LIMITS = { maxBytes: MAX_LEAF_BYTES, maxDepth: 64 };
const KIND = /^[a-z0-9._]{1,64}$/;

type Members = { readonly [name: string]: JsonValue };

/**
 * Reads a leaf, strictly: the RFC 8785 form, version 1, its number, its time, and the fields of its kind in their form.
 * That it is the leaf that was appended only its place in the tree can tell.
 * @param index where it stands
 * @returns a deeply frozen object
 * @throws AuditError `audit_log_corrupt`, `audit_log_version`
 */
export function parseLeaf(bytes: Uint8Array, index: number): Leaf {
  const text = decoded(bytes, index);
  const leaf = parsed(text, index);
  checkHead(leaf, index);
  if (leaf.kind === 'decision') checkKnown(leaf, text, index, DECISION_FIELDS);
  else if (leaf.kind === 'outcome') checkKnown(leaf, text, index, OUTCOME_FIELDS);
  else return checkedEvent(text, index);
  if (leaf.kind === 'outcome' && (leaf.of as number) >= index)
    throw corrupt(index, 'it is the outcome of a later entry');
  return frozen(leaf);
}

function decoded(bytes: Uint8Array, index: number): string {
  if (bytes.length > MAX_LEAF_BYTES) throw corrupt(index, `it is longer than ${MAX_LEAF_BYTES} bytes`);
  if (!isUtf8(bytes)) throw corrupt(index, 'it is not UTF-8');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** The engine's parser, which is fast and lenient; what it lets pass does not come out again as the same text. */
function parsed(text: string, index: number): Members {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members;
  } catch (cause) {
    throw corrupt(index, 'it is no JSON', cause);
  }
  throw corrupt(index, 'it is no object');
}

function checkHead({ v, seq }: Members, index: number): void {
  if (isCount(v) && v > 1) {
    throw new AuditError('audit_log_version', `entry ${index} is of version ${v}`, {
      hint: 'Read the log with a newer version of this software.',
    });
  }
  if (v !== 1) throw corrupt(index, 'its v is not 1');
  if (seq !== index) throw corrupt(index, `its seq is ${isCount(seq) ? seq : 'no number'}`);
}

/** Writes the leaf anew, field by field: it is exact if the same text comes of it. */
function checkKnown(leaf: Members, text: string, index: number, fields: readonly Field[]): void {
  let written = '{';
  for (const field of fields) {
    const value = leaf[field.name];
    if (value === undefined && field.optional) continue;
    const one =
      field.rewrite(value) ?? (field.personal === 'marked' && isDigest(value) ? `"${value}"` : undefined);
    if (one === undefined) {
      throw corrupt(index, `its ${field.name} is ${value === undefined ? 'missing' : 'not of its form'}`);
    }
    written += written === '{' ? field.label + one : `,${field.label}${one}`;
  }
  if (`${written}}` === text) return;
  throw corrupt(index, `it is not in canonical form, or has a field that no ${leaf.kind} has`);
}

/** Lists are all that known entries hold besides texts and numbers. */
function frozen(leaf: Members): Leaf {
  for (const value of Object.values(leaf)) Object.freeze(value);
  return Object.freeze(leaf) as unknown as Leaf;
}

function checkedEvent(text: string, index: number): Leaf {
  const leaf = canonicalObject(text, index);
  const { kind, time, lost, covenant, ...others } = leaf;
  const check = (holds: boolean, name: string) => {
    if (!holds) throw corrupt(index, `its ${name} is not of its form`);
  };
  check(typeof kind === 'string' && KIND.test(kind), 'kind');
  check(typeof time === 'string' && parseTime(time) !== undefined, 'time');
  check(lost === undefined || (isCount(lost) && lost > 0), 'lost');
  check(covenant === undefined || typeof covenant === 'string', 'covenant');
  for (const name of ['agent', 'context', 'resource']) {
    check(others[name] === undefined || isDigest(others[name]), name);
  }
  for (const [name, value] of Object.entries(others)) {
    check(!(Array.isArray(value) && value.length > MAX_ITEMS), JSON.stringify(name.slice(0, 64)));
  }
  return leaf as unknown as Leaf;
}

function canonicalObject(text: string, index: number): Members {
  try {
    const leaf = parseJson(text, LIMITS) as Members;
    if (canonicalizeJson(leaf) === text) return leaf;
  } catch (cause) {
    throw corrupt(index, 'it is no I-JSON', cause);
  }
  throw corrupt(index, 'it is not in canonical form');
}

function corrupt(index: number, why: string, cause?: unknown): AuditError {
  return new AuditError('audit_log_corrupt', `entry ${index} cannot be read: ${why}`, {
    cause,
    hint: 'Keep the log as evidence, and verify it: the report names the first bad entry.',
  });
}
