/** What a store does with a backend that is slow, contended, hostile or broken. */
import assert from 'node:assert/strict';
import { countersignCovenant, verifyCovenant } from '@stele/core';
import { describe, it } from 'vitest';
import {
  BackedStore,
  type CovenantFilter,
  MemoryStore,
  type RecordBackend,
  StoreError,
} from '../src/index.js';
import { collect } from '../src/lib/contract/harness.js';
import { keysOf, sampleCovenant, sampleCovenants, sampleRevocation } from '../src/lib/contract/samples.js';
import { encodeCovenant, encodeRevocation, revocationId } from '../src/lib/documents.js';
import { frame } from '../src/lib/frame.js';
import { MemoryBackend } from '../src/lib/memory-backend.js';
import { failsWith } from './support/assert.js';
import { putRecord } from './support/records.js';

const ID = (n: number): string => `urn:stele:covenant:${n.toString(16).padStart(64, '0')}`;
const NOTHING = new Uint8Array();

/** A memory backend of which some methods are others. */
function backendWith(changes: Partial<RecordBackend>): RecordBackend {
  const memory = new MemoryBackend();
  const own: RecordBackend = {
    supports: memory.supports,
    get: (kind, id) => memory.get(kind, id),
    getMany: (kind, ids) => memory.getMany(kind, ids),
    write: (changes) => memory.write(changes),
    has: (kind, id) => memory.has(kind, id),
    list: (kind, range) => memory.list(kind, range),
    count: (kind, filter) => memory.count(kind, filter),
    latestChange: () => memory.latestChange(),
    changes: (after, signal) => memory.changes(after, signal),
    probe: () => memory.probe(),
    close: () => memory.close(),
  };
  return { ...own, ...changes };
}

describe('putRevocation', () => {
  it('stores what was there when it was tried, and is gone by then', async () => {
    const covenant = await sampleCovenant();
    const revocation = await sampleRevocation(covenant);
    const memory = new MemoryBackend();
    let tries = 0;
    const write: RecordBackend['write'] = (changes) =>
      tries++ === 0 ? Promise.resolve(false) : memory.write(changes);
    const { get, list } = memory;
    const store = new BackedStore(backendWith({ write, get: get.bind(memory), list: list.bind(memory) }));
    await store.putRevocation(revocation);
    assert.deepEqual(await store.getRevocations(covenant.id), [revocation]);
  });
});

describe('put', () => {
  it('tries again when another writer came between, and unites with what that one wrote', async () => {
    const covenant = await sampleCovenant();
    const [byEve, byBob] = await Promise.all(
      ['eve', 'bob'].map(async (name) => countersignCovenant(covenant, await keysOf(name))),
    );
    const memory = new MemoryBackend();
    await new BackedStore(memory).put(covenant);
    let interrupted = false;
    const store = new BackedStore(
      backendWith({
        get: async (kind, id) => {
          const found = await memory.get(kind, id);
          if (!interrupted) {
            interrupted = true;
            await new BackedStore(memory).put(byEve!);
          }
          return found;
        },
        write: (changes) => memory.write(changes),
      }),
    );
    await store.put(byBob!);
    const stored = await new BackedStore(memory).get(covenant.id);
    assert.equal([stored?.proof].flat().length, 3);
    assert.equal((await verifyCovenant(stored)).valid, true);
  });

  it('gives up on a record that never holds still', async () => {
    let attempts = 0;
    const store = new BackedStore(
      backendWith({
        write: async () => {
          attempts++;
          return false;
        },
      }),
    );
    await failsWith('transaction_conflict', async () => store.put(await sampleCovenant()));
    assert.equal(attempts, 65);
  });

  it('passes on what the backend says', async () => {
    const full = new StoreError('store_unavailable', 'full');
    const store = new BackedStore(backendWith({ write: () => Promise.reject(full) }));
    await assert.rejects(async () => store.put(await sampleCovenant()), full);
  });

  it('does not unite with proofs that do not verify', async () => {
    const memory = new MemoryStore();
    const covenant = await sampleCovenant();
    const foreign = [
      (await countersignCovenant(await sampleCovenant(), await keysOf('eve'))).proof,
    ].flat()[1]!;
    const own = [covenant.proof].flat();
    for (const proof of [[...own, foreign], [], [null], 'x', {}, 1, [...own, null], [...own, ...own]]) {
      const bytes = encodeCovenant({ ...covenant, proof } as typeof covenant);
      const found = await memory.backend.get('covenant', covenant.id);
      await putRecord(memory.backend, { kind: 'covenant', id: covenant.id, bytes }, found?.version);
      // A set without any foreign proof is mended; one with a proof that is worth nothing is not passed on.
      const error = await memory.put(covenant).catch((reason: unknown) => reason);
      if (error === undefined)
        assert.equal((await verifyCovenant(await memory.get(covenant.id))).valid, true);
      else assert.equal((error as StoreError).code, 'record_corrupt', JSON.stringify(proof));
    }
  });
});

describe('what comes out of a hostile backend', () => {
  it('is corrupt unless it is one record in the exact form', async () => {
    const covenant = await sampleCovenant();
    const whole = new TextDecoder().decode(encodeCovenant(covenant));
    const [header, content, proof] = whole.split('\n') as [string, string, string];
    const forged = [
      '',
      'stele-record/1 ',
      JSON.stringify(covenant),
      `${header}\n${content}`,
      `${header}\n${content}\n${proof}\n`,
      `${header}\n${content}\n\n${proof}`,
      `${header}\r\n${content}\n${proof}`,
      `\ufeff${whole}`,
      whole.replace('/1', '/2'),
      whole.replace(header, header.toUpperCase()),
      `${header}\n${content.replace('{', '{ ')}\n${proof}`,
      `${header}\n${content.replace('{', '{"extra":1,')}\n${proof}`,
    ];
    for (const text of forged) {
      const bytes = new TextEncoder().encode(text);
      const store = new BackedStore(backendWith({ get: async () => ({ bytes, version: bytes }) }));
      await failsWith('record_corrupt', () => store.get(covenant.id));
    }
  });

  it('is corrupt when the proofs smuggle in other members', async () => {
    const covenant = await sampleCovenant();
    const { id: _, proof: __, ...content } = covenant;
    const text = JSON.stringify(content, Object.keys(content).sort());
    for (const proof of [
      '[],"id":"x"',
      '[],"extra":1',
      '[],"1":2',
      '[],"constraints":"permit ** on \'/**\'"',
      '[',
      '',
    ]) {
      const bytes = frame({ content: text, proof });
      const store = new BackedStore(backendWith({ get: async () => ({ bytes, version: bytes }) }));
      await failsWith('record_corrupt', () => store.get(covenant.id));
    }
  });
});

describe('list', () => {
  it('hands out a cursor rather than look at more than 10,000 records in one call', async () => {
    const memory = new MemoryStore();
    const [template] = await sampleCovenants(1);
    const ids: string[] = [];
    for (let n = 0; n < 10_100; n++) {
      const { id: _, ...content } = { ...template!, metadata: { n } };
      const id = await plant(memory, content);
      ids.push(id);
    }
    ids.sort();
    const nobody: CovenantFilter = { createdBefore: new Date(0) };
    const first = await memory.list(nobody);
    assert.deepEqual(first.items, []);
    assert.ok(first.nextCursor !== undefined && ids.indexOf(first.nextCursor) >= 9_999);
    assert.deepEqual(await memory.list({ ...nobody, cursor: first.nextCursor }), { items: [] });
    assert.equal((await collect(memory.iterate())).length, 10_100);
  });
});

/** Stores a covenant that would not verify, past the checks. */
async function plant(store: MemoryStore, content: object): Promise<string> {
  const { covenantId } = await import('@stele/core');
  const document = content as Parameters<typeof encodeCovenant>[0];
  const id = covenantId(document);
  await putRecord(
    store.backend,
    { kind: 'covenant', id, bytes: encodeCovenant({ ...document, id }) },
    undefined,
  );
  return id;
}

describe('revocations', () => {
  it('takes one more than can be read, so that a flood makes the covenant unreliable and not unrevoked', async () => {
    const memory = new MemoryStore();
    const covenant = await sampleCovenant();
    const template = await sampleRevocation(covenant);
    for (let n = 0; n < 999; n++) {
      const junk = { ...template, reason: `junk ${n}` };
      await putRecord(
        memory.backend,
        { kind: 'revocation', id: revocationId(junk), bytes: encodeRevocation(junk) },
        undefined,
      );
    }
    await memory.putRevocation(await sampleRevocation(covenant, 'the thousandth'));
    assert.equal((await memory.getRevocations(covenant.id)).length, 1000);
    await memory.putRevocation(await sampleRevocation(covenant, 'one more'));
    await failsWith('revocation_limit', () => memory.getRevocations(covenant.id));
    await failsWith('revocation_limit', async () =>
      memory.putRevocation(await sampleRevocation(covenant, 'too many')),
    );
    assert.equal(await memory.backend.count('revocation'), 1001);
    assert.deepEqual(await memory.getRevocations((await sampleCovenant()).id), []);
  });
});

describe('watch', () => {
  it('expires where the feed of a memory does not reach back', async () => {
    const memory = new MemoryStore();
    const start = await memory.latestToken();
    for (let n = 0; n < 20_000; n++)
      await putRecord(memory.backend, { kind: 'covenant', id: ID(n), bytes: NOTHING }, undefined);
    await failsWith('watch_expired', () => collect(memory.watch({ after: start })));
    const [epoch] = start.split('.');
    for await (const { id } of memory.watch({ after: `${epoch}.10000` })) {
      assert.equal(id, ID(10_000));
      break;
    }
  });

  it('is unsupported, like a batch, where the backend says so', async () => {
    const store = new BackedStore(backendWith({ supports: { transaction: false, watch: false } }));
    await failsWith('unsupported', () => collect(store.watch()));
    await failsWith('unsupported', () => store.latestToken());
    await failsWith('unsupported', () => store.transaction(async () => undefined));
    await failsWith('unsupported', async () => store.putBatch([await sampleCovenant()]));
    await store.put(await sampleCovenant());
    assert.equal(await store.count(), 1);
  });
});

describe('transaction', () => {
  it('begins anew when what it has seen is gone by the time it is read', async () => {
    const memory = new MemoryBackend();
    const [store, beside] = [new BackedStore(memory), new BackedStore(memory)];
    const covenant = await sampleCovenant();
    await store.put(covenant);
    const seen: unknown[] = [];
    await store.transaction(async (tx) => {
      seen.push(await tx.has(covenant.id));
      await beside.delete(covenant.id);
      seen.push(await tx.get(covenant.id));
    });
    assert.deepEqual(seen, [true, false, undefined]);
  });

  it('does not begin anew for what the caller throws', async () => {
    const store = new MemoryStore();
    const own = new Error('mine');
    let runs = 0;
    const thrown = store.transaction(async () => {
      runs++;
      throw own;
    });
    await assert.rejects(thrown, own);
    assert.equal(runs, 1);
  });
});
