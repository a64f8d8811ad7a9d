/** What of an entry stands in its leaf. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { canonicalizeJson, snapshotJson } from '@stele/crypto';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { LogEntry } from '../src/index.js';
import { sha256By, sha256Hex } from '../src/lib/hashing.js';
import {
  encodeEntry,
  MAX_LEAF_BYTES,
  numbered,
  parseLeaf,
  personalFields,
  prepareEntry,
} from '../src/lib/leaf.js';
import { COVENANT, codeOf, decision, decisions, events, outcomes } from './support/entries.js';

const PERSONAL = ['action', 'chain', 'obligations', 'statements', 'pattern', 'trace', 'note', 'id'];
const entries = fc.oneof(decisions, events, outcomes);
const textOf = (leaf: Uint8Array) => new TextDecoder().decode(leaf);
const sha256 = (...parts: (Uint8Array | string)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};
/** As any entry is refused, whatever its type. */
const refusal = (entry: unknown) => codeOf(() => encodeEntry(entry as LogEntry, 5000));

/** The leaf as the rules tell it, without a care for speed. */
function naive(entry: LogEntry, seq: number, salt: Uint8Array | undefined, personal: readonly string[]) {
  const isCommitted = (name: string) => ['agent', 'context', 'resource', ...personal].includes(name);
  const leaf: Record<string, unknown> = { seq };
  for (const [name, value] of Object.entries(entry)) {
    let stands: unknown = value;
    if (Array.isArray(value) && value.length > 64)
      stands = { count: value.length, hash: sha256(canonicalizeJson(value)) };
    if (isCommitted(name)) stands = sha256(salt as Uint8Array, canonicalizeJson(value));
    Object.defineProperty(leaf, name, { value: stands, enumerable: true });
  }
  return canonicalizeJson(leaf);
}

describe('a leaf', () => {
  it('is what the naive reference makes, and is read again', () => {
    const few = fc.subarray(PERSONAL);
    fc.assert(
      fc.property(
        entries,
        few,
        fc.integer({ min: 1001, max: Number.MAX_SAFE_INTEGER }),
        (entry, personal, seq) => {
          const { leaf, hash, committed } = encodeEntry(entry, seq, { personal: personalFields(personal) });
          assert.equal(textOf(leaf), naive(entry, seq, committed?.salt, personal));
          assert.equal(Buffer.from(hash).toString('hex'), sha256(Uint8Array.of(0), leaf));
          assert.deepEqual(JSON.parse(textOf(leaf)), JSON.parse(JSON.stringify(parseLeaf(leaf, seq))));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('commits to every value under one salt, in the order of the names', () => {
    fc.assert(
      fc.property(decisions, (entry) => {
        const { leaf, committed } = encodeEntry(entry, 1, { personal: personalFields(['trace', 'action']) });
        assert.ok(committed);
        const stands = JSON.parse(textOf(leaf));
        assert.equal(committed.salt.length, 32);
        const expected = ['action', 'agent', 'context', 'resource', ...('trace' in entry ? ['trace'] : [])];
        assert.deepEqual(
          committed.values.map(([name]) => name),
          expected,
        );
        for (const [name, text] of committed.values) {
          assert.equal(text, canonicalizeJson(snapshotJson(entry[name as 'agent'])));
          assert.equal(stands[name], sha256(committed.salt, text));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('has another salt each time, of random bytes', () => {
    const salts = Array.from({ length: 1000 }, () => encodeEntry(decision(), 1).committed?.salt);
    const distinct = new Set(salts.map((salt) => Buffer.from(salt as Uint8Array).toString('hex')));
    assert.equal(distinct.size, 1000);
    // Of 32,000 random bytes each value comes, and none comes often.
    const counts = new Map<number, number>();
    for (const byte of Buffer.concat(salts as Uint8Array[])) counts.set(byte, (counts.get(byte) ?? 0) + 1);
    assert.equal(counts.size, 256);
    assert.ok(Math.max(...counts.values()) < 250);
  });

  it('holds nothing of a person, in no form that needs no salt', () => {
    const { leaf } = encodeEntry(decision(), 1);
    const text = textOf(leaf);
    const { agent, resource, context } = decision();
    for (const value of [agent, resource, context]) {
      assert.ok(!text.includes(sha256(canonicalizeJson(value))));
      assert.ok(!text.includes(sha256(String(value))));
    }
    assert.ok(!/anna/i.test(text));
  });

  it('names a long list by its count and hash', () => {
    const chain = Array.from({ length: 65 }, (_, i) => `urn:${i}`);
    const { leaf } = encodeEntry(decision({ chain, statements: chain.map((_, i) => i).slice(1) }), 1);
    const stands = JSON.parse(textOf(leaf));
    assert.deepEqual(stands.chain, { count: 65, hash: sha256(JSON.stringify(chain)) });
    assert.equal(stands.statements.length, 64);
  });

  it('commits to a long personal list, not to its hash', () => {
    const chain = Array.from({ length: 65 }, (_, i) => `urn:${i}`);
    const { leaf, committed } = encodeEntry(decision({ chain }), 1, { personal: personalFields(['chain']) });
    assert.equal(
      JSON.parse(textOf(leaf)).chain,
      sha256(committed?.salt as Uint8Array, JSON.stringify(chain)),
    );
  });

  it('names a long list of an event by its count and hash, and commits to a personal one', () => {
    const event = {
      ...{ v: 1 as const, kind: 'key.rotated', time: '2026-03-04T05:06:07Z' },
      keys: Array(65).fill('k'),
    };
    const { keys } = JSON.parse(textOf(encodeEntry(event, 1).leaf));
    assert.deepEqual(keys, { count: 65, hash: sha256(JSON.stringify(event.keys)) });
    const { leaf, committed } = encodeEntry(event, 1, { personal: personalFields(['keys']) });
    const expected = sha256(committed?.salt as Uint8Array, JSON.stringify(event.keys));
    assert.equal(JSON.parse(textOf(leaf)).keys, expected);
  });

  it('takes 65,535 bytes and not one more', async () => {
    const spare = MAX_LEAF_BYTES - encodeEntry(decision(), 7).leaf.length;
    const action = (more: number) => decision({ action: `invoices.pay${'x'.repeat(spare + more)}` });
    const { leaf } = encodeEntry(action(0), 7);
    assert.equal(leaf.length, MAX_LEAF_BYTES);
    assert.equal(parseLeaf(leaf, 7).seq, 7);
    assert.equal(await codeOf(() => encodeEntry(action(1), 7)), 'entry_refused');
    assert.equal(await codeOf(() => encodeEntry(action(0), 10)), 'entry_refused');
  });

  it('has room beside it for a context of a whole request', async () => {
    const context = { args: 'ä'.repeat(512 * 1024 - 10) };
    assert.ok(encodeEntry(decision({ context }), 1).leaf.length < 1000);
    assert.equal(await refusal(decision({ context: { args: 'ä'.repeat(512 * 1024) } })), 'entry_refused');
  });
});

describe('what an entry is to the log', () => {
  const marks = (entry: LogEntry) => {
    const { opens, closes, vital, kind, time } = encodeEntry(entry, 9, { own: true });
    return { opens, closes, vital, kind, time };
  };
  const base = { time: Date.parse('2026-03-04T05:06:07.890Z'), closes: undefined };
  const event = { v: 1 as const, time: '2026-03-04T05:06:07.890Z' };

  it.each([
    ['a permit', decision(), { kind: 'decision', opens: true, vital: true }],
    [
      'a permit that does not settle',
      decision({ settles: false }),
      { kind: 'decision', opens: false, vital: true },
    ],
    ['a denial', decision({ decision: 'deny' }), { kind: 'decision', opens: false, vital: false }],
    ['what is pending', decision({ decision: 'pending' }), { kind: 'decision', opens: false, vital: false }],
    ['a shadow', decision({ mode: 'shadow' }), { kind: 'decision', opens: false, vital: false }],
    [
      'an outcome',
      { ...event, kind: 'outcome', of: 8, outcome: 'done' },
      { kind: 'outcome', opens: false, vital: true, closes: 8 },
    ],
    [
      'an event',
      { ...event, kind: 'covenant.put', of: 3, decision: 'permit' },
      { kind: 'covenant.put', opens: false, vital: false },
    ],
    ['an event of the log', { ...event, kind: 'log.key' }, { kind: 'log.key', opens: false, vital: true }],
  ])('%s', (_, entry, expected) => {
    assert.deepEqual(marks(entry as LogEntry), { ...base, ...expected });
  });

  it('has nothing to seal where nothing was committed', () => {
    assert.equal(encodeEntry({ ...event, kind: 'covenant.put', covenant: COVENANT }, 1).committed, undefined);
  });
});

describe('an entry that waits', () => {
  it('is what it was when it was handed in', () => {
    const context = { args: { amount: 1 } };
    const entry = { ...decision({ context }), chain: [COVENANT] };
    const prepared = prepareEntry(entry);
    context.args.amount = 2;
    entry.chain.push('urn:other');
    entry.agent = 'another';
    const { leaf, committed } = numbered(prepared, 4);
    assert.deepEqual(JSON.parse(textOf(leaf)).chain, [COVENANT]);
    assert.deepEqual(
      committed?.values.map(([, text]) => text),
      ['"did:key:z6MkAnna"', '{"args":{"amount":1}}', '"/people/anna/invoices/7"'],
    );
  });

  it('can get another number, and stays the same besides', () => {
    const prepared = prepareEntry(decision());
    const [a, b] = [numbered(prepared, 9), numbered(prepared, 10)];
    assert.equal(textOf(a.leaf).replace('"seq":9,', '"seq":10,'), textOf(b.leaf));
    assert.notDeepEqual(a.hash, b.hash);
  });
});

describe('an entry is refused', () => {
  const { agent: _, ...noAgent } = decision();
  const { context: __, ...noContext } = decision();
  const { chain: ___, ...noChain } = decision();
  const event = { v: 1, kind: 'covenant.put', time: '2026-03-04T05:06:07Z' };
  const outcome = { v: 1, kind: 'outcome', time: '2026-03-04T05:06:07Z', of: 1, outcome: 'done' };
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  let deep: unknown = 1;
  for (let i = 0; i < 65; i++) deep = [deep];

  it.each<[string, unknown]>([
    ['that is none', undefined],
    ['that is null', null],
    ['that is a list', []],
    ['that is a text', 'decision'],
    ['without a kind', { ...event, kind: undefined }],
    ['of a kind with capitals', { ...event, kind: 'Covenant' }],
    ['of a kind of 65 characters', { ...event, kind: 'k'.repeat(65) }],
    ['of a kind that is the log’s own', { ...event, kind: 'log.key' }],
    ['of another version', decision({ v: 2 as 1 })],
    ['that is an event of another version', { ...event, v: 2 }],
    ['with a number of its own', { ...decision(), seq: 4 }],
    ['that is an event with a number of its own', { ...event, seq: 4 }],
    ['with a field that a decision has not', { ...decision(), note: 'x' }],
    ['with a field that an outcome has not', { ...outcome, agent: 'x' }],
    ['without an agent', noAgent],
    ['without a context', noContext],
    ['without a chain', noChain],
    ['with an agent of a megabyte', decision({ agent: 'a'.repeat(1024 * 1024) })],
    ['with a resource of a megabyte in few characters', decision({ resource: 'ü'.repeat(512 * 1024) })],
    ['with a context that is a text of a megabyte', decision({ context: 'a'.repeat(1024 * 1024) })],
    ['with a lone surrogate in a long agent', decision({ agent: `${'a'.repeat(2_000)}\ud800` })],
    ['with an agent that is no text', { ...decision(), agent: 7 }],
    ['with a resource that is no text', { ...decision(), resource: null }],
    ['with a lone surrogate in its agent', decision({ agent: '\ud800' })],
    ['with a lone surrogate in its action', decision({ action: 'a\udc00' })],
    ['with a lone surrogate in a chain', decision({ chain: ['\ud800'] })],
    ['with a lone surrogate in a long chain', decision({ chain: Array(70).fill('\ud800') })],
    ['with a long chain that holds no texts', decision({ chain: Array(70).fill(7) })],
    ['with a lone surrogate in its context', decision({ context: { a: '\ud800' } })],
    ['with a chain that is no list', { ...decision(), chain: COVENANT }],
    ['with a hole in a list', { ...decision(), chain: Array(3) }],
    ['with a line that is no number', { ...decision(), statements: ['3'] }],
    ['with a line below 0', decision({ statements: [-1] })],
    ['with a context that is a function', decision({ context: () => 1 })],
    ['with a context that is a date', decision({ context: new Date(0) })],
    [
      'with a context that has a getter',
      decision({
        context: {
          get a() {
            return 1;
          },
        },
      }),
    ],
    ['with a context that contains itself', decision({ context: cycle })],
    ['with a context 65 deep', decision({ context: deep })],
    ['with an integer beyond I-JSON', decision({ context: { n: 2 ** 53 } })],
    ['with a number that is none', decision({ context: Number.NaN })],
    ['of another mode', { ...decision(), mode: 'audit' }],
    ['of another decision', { ...decision(), decision: 'allow' }],
    ['with a code that is none', { ...decision(), code: 'Not a code' }],
    ['with a trace in capitals', decision({ trace: 'A'.repeat(32) })],
    ['with a trace of zeros', decision({ trace: '0'.repeat(32) })],
    ['that settles in so many words', { ...decision(), settles: true }],
    ['that stands for none', decision({ count: 0 })],
    ['that has lost a half', decision({ lost: 0.5 })],
    ['of a day that does not exist', decision({ time: '2026-02-30T00:00:00Z' })],
    ['of an hour that does not exist', decision({ time: '2026-02-03T24:00:00Z' })],
    ['of a leap second', decision({ time: '2026-06-30T23:59:60Z' })],
    ['of a local time', decision({ time: '2026-02-03T04:05:06+01:00' })],
    ['of a time in words', { ...event, time: 'today' }],
    ['that is the outcome of a later one', { ...outcome, of: 5000 }],
    ['that is the outcome of none', { ...outcome, of: -1 }],
    ['of an outcome that does not exist', { ...outcome, outcome: 'ok' }],
    ['that is an event of an agent that is no text', { ...event, agent: { id: 'x' } }],
    ['that is an event of a covenant that is no text', { ...event, covenant: 7 }],
    ['that is an event with a member that is no JSON', { ...event, at: new Date(0) }],
    ['that is an event that lost none', { ...event, lost: 0 }],
    ['that is an event of 2 MiB', { ...event, context: 'x'.repeat(2 * 1024 * 1024) }],
  ])('%s', async (_, entry) => {
    assert.equal(await refusal(entry), 'entry_refused');
  });

  it('with words that hold no value of it', () => {
    try {
      encodeEntry(decision({ context: { secret: 2 ** 60 } }), 1);
      assert.fail();
    } catch (error) {
      assert.match(String(error), /not_json at \$\.secret/);
      assert.ok(!String(error).includes('1152921'));
    }
  });

  it('not for a field that is there and undefined', () => {
    assert.ok(encodeEntry({ ...decision(), trace: undefined } as unknown as LogEntry, 1));
  });

  it('takes numbers of many digits that I-JSON takes', () => {
    const { committed } = encodeEntry(
      decision({ context: [Number.MAX_SAFE_INTEGER, 1e21, 0.1234567890123456] }),
      1,
    );
    assert.equal(committed?.values[1]?.[1], '[9007199254740991,1e+21,0.1234567890123456]');
  });
});

describe('the hash', () => {
  it('is the same on a Node without the one-shot function', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => assert.equal(sha256By(undefined)(bytes), sha256Hex(bytes))),
      { numRuns: 20 },
    );
  });
});

describe('personal fields', () => {
  it('can be any that the log need not read', () => {
    assert.deepEqual([...personalFields(['trace', 'customer'])], ['trace', 'customer']);
    assert.equal(personalFields().size, 0);
  });

  it.each([
    'v',
    'seq',
    'time',
    'kind',
    'of',
    'outcome',
    'decision',
    'code',
    'mode',
    'count',
    'lost',
    'settles',
  ])('cannot be %s', (name) => assert.throws(() => personalFields([name]), RangeError));

  it('are texts, and not many', () => {
    assert.throws(() => personalFields([7 as unknown as string]), TypeError);
    assert.throws(() => personalFields(Array.from({ length: 65 }, (_, i) => `f${i}`)), RangeError);
  });
});
