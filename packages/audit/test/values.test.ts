/** Values beside the log: sealed under the key of their subject, and opened only where they belong. */
import assert from 'node:assert/strict';
import { createDecipheriv, hkdfSync } from 'node:crypto';
import { canonicalizeJson } from '@stele/crypto';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { type LogEntry, MemorySubjectKeys, type SubjectKey, type SubjectKeys } from '../src/index.js';
import { encodeEntry, parseLeaf, personalFields } from '../src/lib/leaf.js';
import { ValueSealer, type ValuesOptions } from '../src/lib/values.js';
import { codeOf, decision, decisions, events } from './support/entries.js';

const ORIGIN = 'audit.example.com/agents';

interface Kept {
  readonly index: number;
  readonly leaf: Uint8Array;
  readonly hash: Uint8Array;
  readonly sealed: Uint8Array;
}

function made(options: Partial<ValuesOptions> = {}, origin = ORIGIN) {
  const keys = options.keys ?? new MemorySubjectKeys();
  const sealer = new ValueSealer(origin, { keys, ...options });
  const keep = async (entry: LogEntry, index = 5, personal: string[] = []): Promise<Kept> => {
    const encoded = encodeEntry(entry, index, {
      personal: personalFields(personal),
      subjectOf: (given) => sealer.subjectOf(given),
    });
    const sealed = await sealer.seal(index, encoded);
    assert.ok(sealed);
    return { index, leaf: encoded.leaf, hash: encoded.hash, sealed };
  };
  const open = ({ index, leaf, hash, sealed }: Kept) =>
    sealer.open(index, hash, parseLeaf(leaf, index), sealed);
  return { keys, sealer, keep, open };
}

describe('sealed values', () => {
  it('open to what was committed', async () => {
    const { keep, open } = made({ subject: () => 'anna' });
    await fc.assert(
      fc.asyncProperty(
        decisions,
        fc.subarray(['chain', 'action', 'obligations']),
        async (entry, personal) => {
          const { values } = await open(await keep(entry, 1001, personal));
          const expected = ['agent', 'context', 'resource', ...personal].map((name) => [
            name,
            entry[name as 'agent'],
          ]);
          assert.equal(canonicalizeJson(values), canonicalizeJson(Object.fromEntries(expected)));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('open for events, too', async () => {
    const { sealer, keep, open } = made({ subject: () => 'anna' });
    await fc.assert(
      fc.asyncProperty(events, async (entry) => {
        const encoded = encodeEntry(entry, 3, { subjectOf: () => 'anna' });
        if (encoded.committed === undefined) return assert.equal(await sealer.seal(3, encoded), undefined);
        const { values } = await open(await keep(entry, 3));
        for (const [name, value] of Object.entries(values)) {
          assert.equal(canonicalizeJson(value), canonicalizeJson((entry as Record<string, unknown>)[name]));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('take a context of a whole request', async () => {
    const { keep, open } = made();
    const context = { args: '"'.repeat(500_000) };
    const { values } = await open(await keep(decision({ context })));
    assert.deepEqual(values.context, context);
  });

  it('are built as documented', async () => {
    const { keys, keep } = made();
    const { leaf, hash, sealed } = await keep(decision());
    const key = (await keys.get(decision().agent, { create: false })) as SubjectKey;
    const bytes = Buffer.from(sealed);
    assert.equal(bytes.toString('latin1', 0, 15), 'stele-values/1\n');
    assert.equal(bytes.toString('hex', 15, 31), key.id);
    const [salt, commitment] = [bytes.subarray(31, 63), bytes.subarray(63, 95)];
    const info = Buffer.concat([Buffer.from('stele-audit/1 values'), salt]);
    const derived = Buffer.from(hkdfSync('sha256', key.bytes, new Uint8Array(), info, 64));
    assert.deepEqual(derived.subarray(32), commitment);
    const decipher = createDecipheriv('aes-256-gcm', derived.subarray(0, 32), Buffer.alloc(12));
    decipher.setAAD(
      Buffer.from(
        JSON.stringify(['stele-audit/1 values', ORIGIN, 5, Buffer.from(hash).toString('hex'), key.id]),
      ),
    );
    decipher.setAuthTag(bytes.subarray(-16));
    const text = Buffer.concat([decipher.update(bytes.subarray(95, -16)), decipher.final()]);
    assert.equal(text.length % 256, 0);
    const { agent, resource, context } = decision();
    assert.deepEqual(JSON.parse(text.toString('utf8', 32)), { agent, resource, context });
    assert.notDeepEqual(text.subarray(0, 32), salt);
    assert.ok(!Buffer.from(leaf).includes(text.subarray(0, 32)));
  });

  it('hold nothing in clear, and tell little by their length', async () => {
    const { keep } = made();
    const lengths = new Set<number>();
    for (const name of ['a', 'anna', 'annabelle']) {
      const { sealed } = await keep(decision({ agent: name, context: { name } }));
      assert.ok(!Buffer.from(sealed).includes('ann'));
      lengths.add(sealed.length);
    }
    assert.equal(lengths.size, 1);
  });

  it('are another text each time', async () => {
    const { sealer } = made();
    const encoded = encodeEntry(decision(), 5, { subjectOf: () => 'anna' });
    assert.notDeepEqual(await sealer.seal(5, encoded), await sealer.seal(5, encoded));
  });
});

describe('whose values they are', () => {
  const subjectOf = (entry: unknown, subject?: ValuesOptions['subject']) =>
    made(subject && { subject }).sealer.subjectOf(entry as LogEntry);

  it('is the agent’s, or as the host says', () => {
    assert.equal(subjectOf(decision({ agent: 'did:x' })), 'did:x');
    assert.equal(
      subjectOf(decision(), (entry) => `customer of ${entry.kind}`),
      'customer of decision',
    );
  });

  it('is nobody’s where there is no agent, and for what the log writes of itself', () => {
    assert.equal(subjectOf(decision({ agent: '' })), undefined);
    assert.equal(subjectOf({ v: 1, kind: 'outcome', of: 1 }), undefined);
    assert.equal(subjectOf({ v: 1, kind: 'log.erased', agent: 'anna' }), undefined);
    assert.equal(
      subjectOf(decision(), () => undefined),
      undefined,
    );
  });

  it.each<[string, unknown]>([
    ['a number', 7],
    ['null', null],
    ['a lone surrogate', '\ud800'],
    ['a text without end', 'x'.repeat(1025)],
  ])('cannot be %s', async (_, subject) => {
    const code = await codeOf(() => subjectOf(decision(), () => subject as string));
    assert.equal(code, 'entry_refused');
  });

  it('keeps nothing of nobody', async () => {
    const { sealer } = made({ subject: () => undefined });
    assert.equal(await sealer.seal(5, encodeEntry(decision(), 5)), undefined);
  });
});

describe('what was changed does not open', () => {
  const refused = (opening: Promise<unknown>) => codeOf(() => opening);

  it('in no byte', async () => {
    const { keep, open } = made();
    const kept = await keep(decision());
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const sealed = Uint8Array.from(kept.sealed);
        const place = at % sealed.length;
        sealed[place] = (sealed[place] as number) ^ mask;
        const isId = place >= 15 && place < 31;
        assert.equal(await refused(open({ ...kept, sealed })), isId ? 'values_erased' : 'values_unreadable');
      }),
      { numRuns: 100 },
    );
  });

  it('at no length', async () => {
    const { keep, open } = made();
    const kept = await keep(decision());
    for (const length of [0, 1, 14, 15, 31, 94, 110, 111, kept.sealed.length - 1]) {
      const code = await refused(open({ ...kept, sealed: kept.sealed.subarray(0, length) }));
      assert.equal(code, 'values_unreadable', `${length}`);
    }
    assert.equal(
      await refused(open({ ...kept, sealed: Buffer.concat([kept.sealed, Buffer.alloc(256)]) })),
      'values_unreadable',
    );
  });

  it('where it was put beside another entry', async () => {
    const { keep, open } = made();
    const [a, b] = [await keep(decision(), 5), await keep(decision(), 6)];
    assert.equal(await refused(open({ ...a, sealed: b.sealed })), 'values_unreadable');
    assert.equal(await refused(open({ ...b, sealed: a.sealed })), 'values_unreadable');
    const again = await keep(decision(), 5);
    assert.equal(await refused(open({ ...again, sealed: a.sealed })), 'values_unreadable');
  });

  it('in a log of another origin', async () => {
    const keys = new MemorySubjectKeys();
    const kept = await made({ keys }).keep(decision());
    assert.equal(await refused(made({ keys }, 'elsewhere').open(kept)), 'values_unreadable');
  });

  it('against the leaf of another entry of the same hash', async () => {
    const { keep, sealer } = made();
    const [kept, other] = [await keep(decision()), await keep(decision())];
    const opening = sealer.open(5, kept.hash, parseLeaf(other.leaf, 5), kept.sealed);
    assert.equal(await refused(opening), 'values_unreadable');
  });

  it('where a value that the leaf commits to is missing', async () => {
    const { sealer } = made();
    const encoded = encodeEntry(decision(), 5, { subjectOf: () => 'anna' });
    const { committed } = encoded;
    assert.ok(committed);
    const sealed = await sealer.seal(5, {
      ...encoded,
      committed: { ...committed, values: committed.values.slice(1) },
    });
    const opening = sealer.open(5, encoded.hash, parseLeaf(encoded.leaf, 5), sealed as Uint8Array);
    assert.equal(await refused(opening), 'values_unreadable');
  });

  it('under a key that came in the place of another', async () => {
    const { keys, keep } = made();
    const kept = await keep(decision());
    const key = (await keys.get(decision().agent, { create: false })) as SubjectKey;
    const other = { ...key, bytes: new Uint8Array(32).fill(7) };
    const wrong: SubjectKeys = {
      ...keys,
      get: async () => other,
      find: async () => other,
      destroy: async () => true,
    };
    assert.equal(await refused(made({ keys: wrong }).open(kept)), 'values_unreadable');
  });
});

describe('keys that fail', () => {
  const none = { get: async () => undefined, find: async () => undefined, destroy: async () => false };
  const seal = (keys: SubjectKeys) => codeOf(() => made({ keys }).keep(decision()));

  it.each<[string, SubjectKeys]>([
    ['make none', none],
    ['throw', { ...none, get: () => Promise.reject(new Error('the vault is shut')) }],
    [
      'throw at once',
      {
        ...none,
        get: () => {
          throw new Error('the vault is shut');
        },
      },
    ],
    ['give a short key', { ...none, get: async () => ({ id: 'a'.repeat(32), bytes: new Uint8Array(31) }) }],
    [
      'give no bytes',
      { ...none, get: async () => ({ id: 'a'.repeat(32), bytes: 'k'.repeat(32) }) as unknown as SubjectKey },
    ],
    ['give no id', { ...none, get: async () => ({ id: 'A'.repeat(32), bytes: new Uint8Array(32) }) }],
  ])('when they %s nothing is sealed', async (_, keys) => {
    assert.equal(await seal(keys), 'subject_keys_unavailable');
  });

  it('are asked anew the next time', async () => {
    const keys = new MemorySubjectKeys();
    let fails = true;
    const flaky: SubjectKeys = {
      get: (subject, options) => (fails ? Promise.reject(new Error('shut')) : keys.get(subject, options)),
      find: (id) => keys.find(id),
      destroy: (subject) => keys.destroy(subject),
    };
    const { keep, open } = made({ keys: flaky });
    assert.equal(await codeOf(() => keep(decision())), 'subject_keys_unavailable');
    fails = false;
    assert.equal((await open(await keep(decision()))).values.agent, decision().agent);
  });

  it('do not pass for destroyed ones', async () => {
    const keys = new MemorySubjectKeys();
    const kept = await made({ keys }).keep(decision());
    const shut = { ...none, find: () => Promise.reject(new Error('shut')) };
    assert.equal(await codeOf(() => made({ keys: shut }).open(kept)), 'subject_keys_unavailable');
    const stuck = { ...none, destroy: () => Promise.reject(new Error('shut')) };
    assert.equal(
      await codeOf(() => made({ keys: stuck }).sealer.destroy('anna')),
      'subject_keys_unavailable',
    );
  });
});
