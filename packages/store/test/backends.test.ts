import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { Change, RecordBackend, RecordKind } from '../src/record-backend.js';
import { backends, covenantIdOf, revocationIdOf } from './support/backends.js';
import { deleteRecord, putRecord } from './support/records.js';

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Replaces whatever is there. */
async function write(backend: RecordBackend, kind: RecordKind, id: string, bytes: Uint8Array): Promise<void> {
  const found = await backend.get(kind, id);
  assert.equal(await putRecord(backend, { kind, id, bytes }, found?.version), true);
}

async function read(backend: RecordBackend, kind: RecordKind, id: string): Promise<string | undefined> {
  const found = await backend.get(kind, id);
  return found && new TextDecoder().decode(found.bytes);
}

const STRANGE_IDS = [
  '',
  '__proto__',
  'constructor',
  'toString',
  '../../etc/passwd',
  'urn:stele:covenant:',
  `urn:stele:covenant:${'A'.repeat(64)}`,
  `urn:stele:covenant:${'a'.repeat(63)}`,
  `urn:stele:covenant:${'a'.repeat(64)}\n`,
  `urn:stele:covenant:${'a'.repeat(64)}/../x`,
  `urn:stele:covenant:../../../../../../../../../../../../../../../../../../../etc`,
];

describe.each(backends)('the %s backend', (_, make) => {
  it('gives back what was put, and nothing before', async () => {
    const backend = make();
    assert.equal(await backend.get('covenant', covenantIdOf(1)), undefined);
    assert.equal(await backend.has('covenant', covenantIdOf(1)), false);
    await write(backend, 'covenant', covenantIdOf(1), utf8('one'));
    assert.equal(await read(backend, 'covenant', covenantIdOf(1)), 'one');
    assert.equal(await backend.has('covenant', covenantIdOf(1)), true);
    assert.equal(await backend.count('covenant'), 1);
    assert.equal(await backend.count('revocation'), 0);
    await backend.close();
  });

  it('keeps empty and large records', async () => {
    const backend = make();
    const large = new Uint8Array(1024 * 1024).fill(7);
    await write(backend, 'covenant', covenantIdOf(1), new Uint8Array());
    await write(backend, 'covenant', covenantIdOf(2), large);
    assert.equal((await backend.get('covenant', covenantIdOf(1)))?.bytes.length, 0);
    assert.deepEqual(Uint8Array.from((await backend.get('covenant', covenantIdOf(2)))?.bytes ?? []), large);
    await backend.close();
  });

  it('replaces only the version that was read', async () => {
    const backend = make();
    const put = (text: string, expected: Uint8Array | undefined) =>
      putRecord(backend, { kind: 'covenant', id: covenantIdOf(1), bytes: utf8(text) }, expected);
    assert.equal(await put('first', utf8('nothing is there')), false);
    assert.equal(await put('first', undefined), true);
    assert.equal(await put('second', undefined), false);
    const first = await backend.get('covenant', covenantIdOf(1));
    assert.equal(await put('second', first?.version), true);
    assert.equal(await put('third', first?.version), false);
    assert.equal(await read(backend, 'covenant', covenantIdOf(1)), 'second');
    await deleteRecord(backend, 'covenant', covenantIdOf(1));
    assert.equal(await put('third', first?.version), false);
    assert.equal(await read(backend, 'covenant', covenantIdOf(1)), undefined);
    await backend.close();
  });

  it('lets exactly one of many writers of one version win', async () => {
    const backend = make();
    await write(backend, 'covenant', covenantIdOf(1), utf8('start'));
    const start = await backend.get('covenant', covenantIdOf(1));
    const wins = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        putRecord(
          backend,
          { kind: 'covenant', id: covenantIdOf(1), bytes: utf8(`writer ${n}`) },
          start?.version,
        ),
      ),
    );
    assert.equal(wins.filter(Boolean).length, 1);
    assert.equal(await read(backend, 'covenant', covenantIdOf(1)), `writer ${wins.indexOf(true)}`);
    await backend.close();
  });

  it('hands out bytes that are the caller’s own', async () => {
    const backend = make();
    const mine = utf8('mine');
    await write(backend, 'covenant', covenantIdOf(1), mine);
    mine.fill(0);
    (await backend.get('covenant', covenantIdOf(1)))?.bytes.fill(0);
    (await backend.list('covenant', { limit: 1 }))[0]?.bytes?.fill(0);
    assert.equal(await read(backend, 'covenant', covenantIdOf(1)), 'mine');
    await backend.close();
  });

  it('keeps kinds apart', async () => {
    const backend = make();
    await write(backend, 'revocation', revocationIdOf(1, 1), utf8('revoked'));
    assert.equal(await backend.get('covenant', revocationIdOf(1, 1)), undefined);
    assert.equal(await backend.get('covenant', covenantIdOf(1)), undefined);
    assert.deepEqual(await backend.list('covenant', { limit: 10 }), []);
    assert.equal(await deleteRecord(backend, 'covenant', covenantIdOf(1)), false);
    assert.equal(await backend.count('revocation'), 1);
    await backend.close();
  });

  it('lists by prefix, after an id, at most so many', async () => {
    const backend = make();
    for (const [n, m] of [
      [2, 9],
      [1, 3],
      [3, 1],
      [2, 1],
      [2, 5],
    ] as const) {
      await write(backend, 'revocation', revocationIdOf(n, m), utf8(`${n}/${m}`));
    }
    const texts = async (range: { after?: string; prefix?: string; limit: number }) =>
      (await backend.list('revocation', range)).map(({ bytes }) => new TextDecoder().decode(bytes));
    assert.deepEqual(await texts({ limit: 10 }), ['1/3', '2/1', '2/5', '2/9', '3/1']);
    assert.deepEqual(await texts({ limit: 2 }), ['1/3', '2/1']);
    assert.deepEqual(await texts({ limit: 10, prefix: `${covenantIdOf(2)}/` }), ['2/1', '2/5', '2/9']);
    assert.deepEqual(await texts({ limit: 10, prefix: `${covenantIdOf(2)}/`, after: revocationIdOf(2, 1) }), [
      '2/5',
      '2/9',
    ]);
    assert.deepEqual(
      await texts({ limit: 10, prefix: `${covenantIdOf(2)}/`, after: revocationIdOf(2, 9) }),
      [],
    );
    assert.deepEqual(await texts({ limit: 10, after: revocationIdOf(2, 7) }), ['2/9', '3/1']);
    const whole = revocationIdOf(2, 5);
    assert.deepEqual(await texts({ limit: 10, prefix: whole }), ['2/5']);
    assert.deepEqual(await texts({ limit: 10, prefix: whole, after: whole }), []);
    assert.deepEqual(await texts({ limit: 10, prefix: `${covenantIdOf(9)}/` }), []);
    assert.equal(await backend.count('revocation', { prefix: `${covenantIdOf(2)}/` }), 3);
    assert.equal(await backend.count('revocation', { prefix: `${covenantIdOf(9)}/` }), 0);
    await backend.close();
  });

  it.each(STRANGE_IDS)('never finds the id %j and never writes it', async (id) => {
    const backend = make();
    for (const kind of ['covenant', 'revocation'] as const) {
      assert.equal(await backend.get(kind, id), undefined);
      assert.equal(await backend.has(kind, id), false);
      await assert.rejects(deleteRecord(backend, kind, id), RangeError);
      await assert.rejects(putRecord(backend, { kind, id, bytes: utf8('x') }, undefined), RangeError);
      assert.equal(await backend.count(kind), 0);
    }
    await backend.close();
  });

  it('refuses what is no write, and asks for no more than a hundred records', async () => {
    const backend = make();
    const change = (n: number, tokens: string[] = []): Change => ({
      kind: 'covenant',
      id: covenantIdOf(n),
      expected: undefined,
      next: { bytes: utf8('x'), tokens },
    });
    const many = Array.from({ length: 101 }, (_, n) => change(n));
    const bad: Change[][] = [
      [],
      many,
      [change(1), change(1)],
      [change(1, ['a', 'b', 'a'])],
      [change(1, ['a', 'b c'])],
      [change(1, ['x'.repeat(97)])],
      [change(1, [''])],
      [
        change(
          1,
          many.slice(0, 65).map((_, n) => `t${n}`),
        ),
      ],
    ];
    for (const changes of bad) await assert.rejects(backend.write(changes), RangeError);
    const ids = many.map(({ id }) => id);
    await assert.rejects(backend.getMany('covenant', ids), RangeError);
    assert.equal(await backend.count('covenant'), 0);
    await backend.close();
  });

  it('can be closed twice', async () => {
    const backend = make();
    await backend.close();
    await backend.close();
  });

  it('behaves like a sorted map under any sequence of steps', async () => {
    const step = fc.tuple(
      fc.constantFrom('put', 'delete', 'get', 'list', 'count'),
      fc.integer({ min: 0, max: 40 }),
      fc.string({ maxLength: 20 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const backend = make();
        const reference = new Map<string, string>();
        for (const [what, n, text] of steps) {
          // Spread over the whole range, so that a store with folders by prefix uses many of them.
          const id = covenantIdOf(0).slice(0, -64) + ((n * 37) % 41).toString(16).padStart(2, '0').repeat(32);
          if (what === 'put') {
            await write(backend, 'covenant', id, utf8(text));
            reference.set(id, text);
          } else if (what === 'delete') {
            assert.equal(await deleteRecord(backend, 'covenant', id), reference.delete(id));
          } else if (what === 'get') {
            assert.equal(await read(backend, 'covenant', id), reference.get(id));
          } else if (what === 'count') {
            assert.equal(await backend.count('covenant'), reference.size);
          } else {
            const expected = [...reference].filter(([key]) => key > id).sort(([a], [b]) => (a < b ? -1 : 1));
            const found = await backend.list('covenant', { after: id, limit: 5 });
            assert.deepEqual(
              found.map(({ id, bytes }) => [id, new TextDecoder().decode(bytes)]),
              expected.slice(0, 5),
            );
          }
        }
        await backend.close();
      }),
      { numRuns: 20 },
    );
  }, 60_000);
});
