/** What someone sees who has everything but the key. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildCovenant,
  type CovenantDocument,
  countersignCovenant,
  type RevocationDocument,
} from '@stele/core';
import { describe, it } from 'vitest';
import { sqliteDrivers } from '../../../test/support/sqlite.js';
import { EncryptedStore, FileStore, MemoryStore, SqliteStore, type StoreWithBackend } from '../src/index.js';
import { keysOf, sampleRevocation } from '../src/lib/contract/samples.js';
import { tokensOf } from '../src/lib/tokens.js';
import { KEY } from './support/backends.js';
import { everythingIn, keyNumber, TurningKeys, withKeys } from './support/encrypted.js';
import { freshPath } from './support/stores.js';

const MARK = 'PLANTED-MARKER';
const COUNT = 1000;

/** A covenant with a marker of its own in every place that can hold one. */
async function marked(n: number): Promise<CovenantDocument> {
  const [eve, approver] = [await keysOf('eve'), await keysOf('approver')];
  const document = await buildCovenant({
    signer: await keysOf('ada'),
    issuer: { name: `${MARK}-issuer-${n}` },
    beneficiary: { id: `https://agents.example/${MARK}-agent-${n}`, name: `${MARK}-name-${n}` },
    constraints: `permit files.read on '/reports/${MARK}-${n}/**'\n`,
    delegation: { maxDepth: 3 },
    requiredCountersigners: [eve.did],
    approvers: { 'human.approval': { keys: [approver.did], threshold: 1 } },
    metadata: { tags: [`${MARK}-tag-${n % 7}`], [`${MARK}-key-${n}`]: [{ deep: `${MARK}-value-${n}` }] },
    expiresAt: '2031-07-13T11:17:19Z',
  });
  return countersignCovenant(document, eve);
}

interface Sample {
  readonly covenants: CovenantDocument[];
  readonly revocations: RevocationDocument[];
  /** Texts that tell something, each of which is there without encryption. */
  readonly secrets: string[];
}

async function sample(): Promise<Sample> {
  const covenants = await Promise.all(Array.from({ length: COUNT }, (_, n) => marked(n)));
  const revocations = await Promise.all(
    covenants.slice(0, 20).map((covenant, n) => sampleRevocation(covenant, `${MARK}-reason-${n}`)),
  );
  const people = await Promise.all(['ada', 'eve', 'approver'].map(async (name) => (await keysOf(name)).did));
  const some = covenants.slice(0, 10);
  const secrets = [
    MARK,
    'agents.example',
    '2031-07-13',
    'permit',
    'SteleCovenant',
    ...people,
    ...people.map((did) => did.slice('did:key:'.length)),
    ...some.flatMap(({ nonce, proof }) => [nonce, ...[proof].flat().map(({ proofValue }) => proofValue)]),
  ];
  return { covenants, revocations, secrets };
}
const shared = sample();

async function fill(store: StoreWithBackend): Promise<Sample> {
  const made = await shared;
  for (let n = 0; n < COUNT; n += 100) await store.putBatch(made.covenants.slice(n, n + 100));
  for (const revocation of made.revocations) await store.putRevocation(revocation);
  return made;
}

/** All forms in which the bytes of a key may lie about. */
const formsOf = (key: Uint8Array) => [
  Buffer.from(key),
  ...(['hex', 'base64', 'base64url'] as const).map((form) => Buffer.from(Buffer.from(key).toString(form))),
];

function assertNothingIn(bytes: Buffer, { covenants, secrets }: Sample): void {
  for (const secret of secrets) assert.equal(bytes.includes(secret), false, secret);
  for (const key of [KEY, keyNumber(1)])
    for (const form of formsOf(key)) assert.equal(bytes.includes(form), false, 'a key');
  const clear = new Set(covenants.slice(0, 50).flatMap((covenant) => tokensOf(covenant)));
  for (const token of clear) assert.equal(bytes.includes(token.split(':')[1] as string), false, token);
  for (const field of ['issuer', 'beneficiary', 'parent', 'tag:'])
    assert.equal(bytes.includes(field), false, field);
}

const media: [string, (folder: string) => StoreWithBackend][] = [
  ['files', (folder) => new FileStore(folder)],
  ...sqliteDrivers.map((driver): [string, (folder: string) => StoreWithBackend] => [
    `a database and its log (${driver})`,
    (folder) => new SqliteStore(join(folder, 'db'), { driver }),
  ]),
];

describe('of 1,000 documents with a marker in every field', () => {
  it.each(media)(
    'nothing is left in %s, before and after the keys have turned',
    async (_, open) => {
      const folder = freshPath('folder');
      mkdirSync(folder);
      const inner = open(folder);
      const keys = new TurningKeys(0);
      const store = withKeys(inner, keys);
      const made = await fill(store);
      const written = everythingIn(folder);
      assert.ok(written.length > COUNT * 2000);
      assertNothingIn(written, made);
      const tag = `${MARK}-tag-3`;
      const expected = made.covenants.filter((_, n) => n % 7 === 3).length;
      assert.equal(await store.count({ tag }), expected);
      keys.numbers = [1, 0];
      await store.reencrypt();
      assert.equal(await store.count({ tag }), expected);
      await store.close();
      assertNothingIn(everythingIn(folder), made);
    },
    180_000,
  );

  it('nothing is left in memory', async () => {
    const inner = new MemoryStore();
    const seen: Buffer[] = [];
    const write = inner.backend.write.bind(inner.backend);
    inner.backend.write = async (changes) => {
      for (const { kind, id, next } of changes) {
        if (typeof next !== 'object') continue;
        seen.push(Buffer.from(`${kind} ${id} ${next.tokens.join(' ')} `), Buffer.from(next.bytes));
      }
      return write(changes);
    };
    assertNothingIn(
      Buffer.concat(seen),
      await fill(new EncryptedStore({ store: inner, encryptionKey: KEY })),
    );
    assert.equal(seen.length, 2 * (COUNT + 20 + 1));
  }, 60_000);

  it.each(media)('everything would be in %s without encryption', async (_, open) => {
    const folder = freshPath('folder');
    mkdirSync(folder);
    const inner = open(folder);
    const { covenants, revocations, secrets } = await shared;
    for (const covenant of covenants.slice(0, 10)) await inner.put(covenant);
    await inner.putRevocation(revocations[0] as RevocationDocument);
    const bytes = everythingIn(folder);
    for (const secret of secrets) assert.equal(bytes.includes(secret), true, secret);
    await inner.close();
  });
});

describe('of 1,000 records', () => {
  it('every one is found out when a byte of it has changed', async () => {
    const inner = new MemoryStore();
    const store = new EncryptedStore({ store: inner, encryptionKey: KEY });
    const { covenants } = await shared;
    const some = covenants.slice(0, COUNT);
    for (const covenant of some) await store.put(covenant);
    let found = 0;
    for (const [n, { id }] of some.entries()) {
      const stored = await inner.backend.get('covenant', id);
      assert.ok(stored);
      const bytes = Uint8Array.from(stored.bytes);
      // Spread over all bytes, salt, commitment, text and tag, and all bits.
      const at = (n * 7919) % bytes.length;
      bytes[at] = (bytes[at] as number) ^ (1 << (n % 8));
      const next = { bytes, tokens: [] };
      await inner.backend.write([{ kind: 'covenant', id, expected: stored.version, next }]);
      await store.get(id).catch(({ code }) => {
        if (code === 'record_corrupt') found++;
      });
    }
    assert.equal(found, COUNT);
    const reported: string[] = [];
    for await (const _ of store.iterate({ onCorrupt: ({ id }) => reported.push(id as string) }))
      assert.fail();
    assert.equal(reported.length, COUNT);
  }, 60_000);

  it('those of one step have one length, whatever is in them', async () => {
    const inner = new MemoryStore();
    const store = new EncryptedStore({ store: inner, encryptionKey: KEY });
    const { covenants } = await shared;
    const lengths = new Set<number>();
    for (const covenant of covenants.slice(0, 100)) {
      await store.put(covenant);
      lengths.add((await inner.backend.get('covenant', covenant.id))?.bytes.length as number);
    }
    assert.ok([...lengths].every((length) => (length - 112) % 1024 === 0));
    assert.equal(lengths.size, 1);
  });
});
