/** Reading leaves: what was written, and nothing besides. */
import assert from 'node:assert/strict';
import { canonicalizeJson } from '@stele/crypto';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { AuditError } from '../src/index.js';
import { encodeEntry, MAX_LEAF_BYTES, parseLeaf } from '../src/lib/leaf.js';
import type { DecisionLeaf, EventLeaf } from '../src/lib/leaf-types.js';
import { codeOf, decision, decisions, events, outcomes } from './support/entries.js';

const utf8 = (text: string) => new TextEncoder().encode(text);
const leafOf = (changes: Parameters<typeof decision>[0] = {}) => encodeEntry(decision(changes), 5).leaf;
const known = leafOf();
const members = JSON.parse(new TextDecoder().decode(known)) as Record<string, unknown>;
/** A decision's leaf with other members, canonical. */
const changed = (changes: Record<string, unknown>) => utf8(canonicalizeJson({ ...members, ...changes }));
const event = { v: 1, seq: 5, kind: 'key.rotated', time: '2026-03-04T05:06:07Z' };
const outcome = { v: 1, seq: 5, kind: 'outcome', time: '2026-03-04T05:06:07Z', of: 2, outcome: 'done' };
const code = (bytes: Uint8Array, index = 5) => codeOf(() => parseLeaf(bytes, index));

function without(name: string): Uint8Array {
  const { [name]: _, ...rest } = members;
  return utf8(canonicalizeJson(rest));
}

describe('parseLeaf', () => {
  it('gives what was appended, frozen', () => {
    const leaf = parseLeaf(known, 5) as DecisionLeaf;
    assert.deepEqual(leaf, members);
    assert.ok(Object.isFrozen(leaf) && Object.isFrozen(leaf.chain));
    const read = parseLeaf(utf8(canonicalizeJson({ ...event, deep: { list: [1] } })), 5) as EventLeaf;
    assert.ok(Object.isFrozen(read) && Object.isFrozen((read.deep as { list: unknown }).list));
  });

  it('reads a view into a larger buffer', () => {
    const leaf = leafOf();
    const larger = new Uint8Array(leaf.length + 20);
    larger.set(leaf, 10);
    assert.equal(parseLeaf(larger.subarray(10, 10 + leaf.length), 5).seq, 5);
  });

  it('takes no changed byte for the same leaf, and throws nothing but its error', () => {
    const entries = fc.oneof(decisions, events, outcomes);
    fc.assert(
      fc.property(
        entries,
        fc.nat(),
        fc.nat({ max: 255 }),
        fc.constantFrom('set', 'cut', 'add'),
        (entry, at, byte, how) => {
          const { leaf } = encodeEntry(entry, 1001);
          const place = at % leaf.length;
          const bytes = Uint8Array.from(leaf);
          if (how === 'set') bytes[place] = byte;
          const tampered =
            how === 'cut'
              ? bytes.subarray(0, place)
              : how === 'add'
                ? Buffer.concat([bytes, Uint8Array.of(byte)])
                : bytes;
          try {
            // What can still be read says something else, and says it in canonical form.
            const text = canonicalizeJson(parseLeaf(tampered, 1001));
            assert.equal(text, new TextDecoder().decode(tampered));
          } catch (error) {
            assert.ok(error instanceof AuditError, String(error));
            assert.match(error.code, /^audit_log_(?:corrupt|version)$/);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('throws nothing but its error for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        assert.throws(() => parseLeaf(bytes, 0), AuditError);
      }),
      { numRuns: 200 },
    );
  });

  it.each<[string, Uint8Array]>([
    ['no bytes', utf8('')],
    ['no JSON', utf8('{')],
    ['a list', utf8('[]')],
    ['null', utf8('null')],
    ['a text', utf8('"leaf"')],
    ['bytes that are no UTF-8', Buffer.concat([leafOf(), Uint8Array.of(0xff)])],
    ['a byte order mark', Buffer.concat([Uint8Array.of(0xef, 0xbb, 0xbf), leafOf()])],
    ['a space', Buffer.concat([leafOf(), utf8(' ')])],
    ['another order', utf8(JSON.stringify({ v: 1, ...members }))],
    ['a name that comes twice', utf8(`{"action":"x",${new TextDecoder().decode(leafOf()).slice(1)}`)],
    [
      'an escape that was not needed',
      utf8(new TextDecoder().decode(leafOf()).replace('invoices', '\\u0069nvoices')),
    ],
    ['no version', without('v')],
    ['version 0', changed({ v: 0 })],
    ['no number', without('seq')],
    ['another number', changed({ seq: 6 })],
    ['a number in quotes', changed({ seq: '5' })],
    ['no kind', without('kind')],
    ['a kind that is no text', changed({ kind: 7 })],
    ['no time', without('time')],
    ['a local time', changed({ time: '2026-03-04T05:06:07+01:00' })],
    ['a field more', changed({ note: 'x' })],
    ['a member __proto__', utf8(`{"__proto__":{},${new TextDecoder().decode(leafOf()).slice(1)}`)],
    ['no agent', without('agent')],
    ['an agent in clear', changed({ agent: 'anna' })],
    ['a context in clear', changed({ context: {} })],
    ['a commitment in capitals', changed({ resource: 'A'.repeat(64) })],
    ['a list of 65', changed({ statements: Array.from({ length: 65 }, (_, i) => i) })],
    ['a summary of 64', changed({ chain: { count: 64, hash: 'a'.repeat(64) } })],
    ['a summary with more', changed({ chain: { count: 65, hash: 'a'.repeat(64), more: 1 } })],
    ['a summary without a hash', changed({ chain: { count: 65 } })],
    ['a list that is null', changed({ chain: null })],
    ['a mode in commitment', changed({ mode: 'a'.repeat(64) })],
    ['an outcome of itself', utf8(canonicalizeJson({ ...outcome, of: 5 }))],
    ['an outcome with more', utf8(canonicalizeJson({ ...outcome, agent: 'a'.repeat(64) }))],
    ['an event in another order', utf8(JSON.stringify(event))],
    ['an event whose agent is in clear', utf8(canonicalizeJson({ ...event, agent: 'anna' }))],
    ['an event of an unknown form of kind', utf8(canonicalizeJson({ ...event, kind: 'Key' }))],
    ['an event at no time', utf8(canonicalizeJson({ ...event, time: 7 }))],
    ['an event with a list of 65', utf8(canonicalizeJson({ ...event, ids: Array(65).fill(1) }))],
    ['an event whose covenant is no text', utf8(canonicalizeJson({ ...event, covenant: 1 }))],
    ['an event that lost none', utf8(canonicalizeJson({ ...event, lost: 0 }))],
    ['an event with an integer beyond I-JSON', utf8(canonicalizeJson({ ...event, n: 2 ** 60 }))],
    ['65,536 bytes', utf8(canonicalizeJson({ ...event, a: 'x'.repeat(MAX_LEAF_BYTES) }))],
  ])('refuses %s', async (_, bytes) => {
    assert.equal(await code(bytes), 'audit_log_corrupt');
  });

  it('takes commitments in the place of what a host can name personal', () => {
    const digest = 'a'.repeat(64);
    const fields = { action: digest, chain: digest, obligations: digest, statements: digest, trace: digest };
    assert.equal((parseLeaf(changed(fields), 5) as DecisionLeaf).action, digest);
  });

  it('tells a leaf of a newer version', async () => {
    assert.equal(await code(changed({ v: 2, news: true })), 'audit_log_version');
    assert.equal(await code(changed({ v: 1.5 })), 'audit_log_corrupt');
  });
});
