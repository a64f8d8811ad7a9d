import { CryptoError, canonicalizeJson, type JsonValue, parseJson } from '@stele/crypto';
import { AuditError } from '../errors.js';
import { isCount, isDigest } from './json-text.js';
import { DECISION_FIELDS, type Field, MAX_ITEMS, OUTCOME_FIELDS } from './leaf-fields.js';
import { MAX_LEAF_BYTES } from './leaf-prepare.js';
import type { Leaf } from './leaf-types.js';
import { parseTime } from './time.js';

const LIMITS = { maxBytes: MAX_LEAF_BYTES, maxDepth: 64 };
const KIND = /^[a-z0-9._]{1,64}$/;

/**
 * Reads a leaf, strictly: the RFC 8785 form, version 1, its number, its time, and the fields of its kind in their form.
 * That it is the leaf that was appended only its place in the tree can tell.
 * @param index where it stands
 * @returns a deeply frozen object
 * @throws AuditError `audit_log_corrupt`, `audit_log_version`
 */
export function parseLeaf(bytes: Uint8Array, index: number): Leaf {
  const leaf = parsed(bytes, index);
  if (!Buffer.from(canonicalizeJson(leaf)).equals(bytes)) throw corrupt(index, 'it is not in canonical form');
  const { v, seq, kind } = leaf;
  if (isCount(v) && v > 1) {
    throw new AuditError('audit_log_version', `entry ${index} is of version ${v}`, {
      hint: 'Read the log with a newer version of this software.',
    });
  }
  if (v !== 1) throw corrupt(index, 'its v is not 1');
  if (seq !== index) throw corrupt(index, `its seq is ${isCount(seq) ? seq : 'no number'}`);
  if (kind === 'decision') checkKnown(leaf, index, DECISION_FIELDS);
  else if (kind === 'outcome') checkKnown(leaf, index, OUTCOME_FIELDS);
  else checkEvent(leaf, index);
  if (kind === 'outcome' && (leaf.of as number) >= index)
    throw corrupt(index, 'it is the outcome of a later entry');
  return leaf as unknown as Leaf;
}

type Members = { readonly [name: string]: JsonValue };

function parsed(bytes: Uint8Array, index: number): Members {
  try {
    const value = parseJson(bytes, LIMITS);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members;
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw corrupt(index, cause.message, cause);
  }
  throw corrupt(index, 'it is no object');
}

function checkKnown(leaf: Members, index: number, fields: readonly Field[]): void {
  let known = 0;
  for (const { name, optional, personal, stands } of fields) {
    const value = leaf[name];
    if (value === undefined && optional) continue;
    known += 1;
    if (stands(value) || (personal === 'marked' && isDigest(value))) continue;
    throw corrupt(index, `its ${name} is ${value === undefined ? 'missing' : 'not of its form'}`);
  }
  if (Object.keys(leaf).length !== known) throw corrupt(index, `it has a field that no ${leaf.kind} has`);
}

function checkEvent(leaf: Members, index: number): void {
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
}

function corrupt(index: number, why: string, cause?: unknown): AuditError {
  return new AuditError('audit_log_corrupt', `entry ${index} cannot be read: ${why}`, { cause });
}
