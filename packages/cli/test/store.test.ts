/** Stores from the command line: looked into, counted, copied, put under a new key. */
import { writeFileSync } from 'node:fs';
import {
  type CovenantDocument,
  countersignCovenant,
  FileStore,
  generateKeyPair,
  SqliteStore,
} from '@stele/sdk';
import type { BackedStore } from '@stele/store';
import { PostgresStore } from '@stele/store/postgres';
import { RedisStore } from '@stele/store/redis';
import { describe, expect, it } from 'vitest';
import { havePostgres, postgresUrl } from '../../../test/support/postgres.js';
import { haveRedis, redisUrl } from '../../../test/support/redis.js';
import { haveSqlite } from '../../../test/support/sqlite.js';
import { freshPrefix, freshSchema } from './servers.js';
import { covenants, fill, newKey, plantCovenant, recordFiles, revocationOf } from './store-support.js';
import { Folder, stele, steleJson } from './support.js';

const folder = new Folder();
let made = 0;
const fresh = (name = 'store') => folder.at(`${name}-${made++}`);
const store = (...argv: string[]) => steleJson(['store', ...argv]);

interface Place {
  /** As it is named on the command line. */
  readonly name: string;
  readonly open: () => BackedStore;
}

const fileStore = (): Place => {
  const path = fresh();
  return { name: path, open: () => new FileStore(path) };
};

const kinds: readonly (readonly [string, boolean, () => Place])[] = [
  ['a FileStore', true, fileStore],
  [
    'a SqliteStore (needs SQLite)',
    haveSqlite,
    () => {
      const path = fresh('database');
      return { name: `sqlite:${path}`, open: () => new SqliteStore(path) };
    },
  ],
  [
    'a PostgresStore (needs PostgreSQL)',
    havePostgres,
    () => {
      const schema = freshSchema();
      const url = new URL(postgresUrl);
      url.searchParams.set('schema', schema);
      return { name: url.href, open: () => new PostgresStore(postgresUrl, { schema, timeoutMs: 60_000 }) };
    },
  ],
  [
    'a RedisStore (needs Redis)',
    haveRedis,
    () => {
      const prefix = freshPrefix();
      return {
        name: `${redisUrl}?prefix=${prefix}`,
        open: () => new RedisStore(redisUrl, { prefix, timeoutMs: 60_000 }),
      };
    },
  ],
];

/** Uses a store and closes it. */
async function within<T>({ open }: Place, use: (store: BackedStore) => Promise<T>): Promise<T> {
  const opened = open();
  try {
    return await use(opened);
  } finally {
    await opened.close();
  }
}

const documentsOf = async (each: BackedStore) => {
  const found: CovenantDocument[] = [];
  for await (const document of each.iterate()) found.push(document);
  return found;
};

for (const [kind, have, place] of kinds) {
  describe.skipIf(!have)(kind, () => {
    it('is copied whole, revocations of what is gone too, and holds what verifies', async () => {
      const from = fileStore();
      await within(from, (each) => fill(each, 70)); // more than a batch
      const to = place();
      expect((await store('copy', from.name, to.name)).json).toMatchObject({
        covenants: { copied: 70, already: 0, failed: 0 },
        revocations: { copied: 2, already: 0, failed: 0 },
        ...{ equal: true, findings: [] },
      });
      const again = await store('copy', from.name, to.name);
      expect(again.code).toBe(0);
      expect(again.json).toMatchObject({ covenants: { copied: 0, already: 70 }, equal: true });
      const back = fileStore();
      expect((await store('copy', to.name, back.name)).code).toBe(0);
      expect(await within(back, documentsOf)).toEqual(await within(from, documentsOf));
      const checked = await store('verify', to.name);
      expect(checked.code).toBe(0);
      expect(checked.json).toMatchObject({ ok: true, good: { covenants: 70, revocations: 2 }, bad: 0 });
      expect((await store('stats', to.name)).json).toMatchObject({
        ...{ covenants: 70, revocations: 2, revokedCovenants: 2, unreadable: 0, others: 0 },
        ...{ issuers: [{ covenants: 70 }], supports: { transaction: true, watch: true }, encrypted: false },
      });
    });

    it('is encrypted by being copied, and goes over to a new key', async () => {
      const from = fileStore();
      await within(from, (each) => fill(each, 5));
      const to = place();
      const [old, next] = [newKey(folder, 'old.key'), newKey(folder, 'next.key')];
      const copied = await store('copy', from.name, to.name, '--to-encryption-key-file', old);
      expect(copied.json).toMatchObject({ covenants: { copied: 5 }, equal: true });
      const turned = await store(
        ...['reencrypt', to.name, '--encryption-key-file', next, '--old-encryption-key-file', old],
      );
      expect(turned.code).toBe(0);
      expect(turned.json).toMatchObject({
        ...{ done: true, examined: 7, reencrypted: 7, corrupt: 0 },
        keys: [
          { current: true, records: 8 },
          { current: false, records: 0 },
        ],
      });
      const used = await store('stats', to.name, '--encryption-key-file', next);
      expect(used.json).toMatchObject({ encrypted: true, keys: [{ current: true, records: 8 }] });
      expect((await store('verify', to.name, '--encryption-key-file', next)).json.ok).toBe(true);
      const withOld = await store('verify', to.name, '--encryption-key-file', old);
      expect([withOld.code, withOld.json.error.code]).toEqual([2, 'encryption_key_wrong']);
      const bare = await store('copy', from.name, to.name);
      expect([bare.code, bare.json.error.code]).toEqual([2, 'store_encrypted']);
      const plain = fileStore();
      const opened = await store('copy', to.name, plain.name, '--encryption-key-file', next);
      expect(opened.json).toMatchObject({
        covenants: { copied: 5 },
        revocations: { copied: 2 },
        equal: true,
      });
    });

    it('is not made by looking for it', async () => {
      const { name } = place();
      for (const command of ['verify', 'stats', 'reencrypt']) {
        const key = ['--encryption-key-file', newKey(folder, 'any.key')];
        const { code, json } = await store(command, name, ...(command === 'reencrypt' ? key : []));
        expect(code).toBe(2);
        expect(['store_missing', 'store_version']).toContain(json.error.code);
        expect((await store('copy', name, fresh())).code).toBe(2);
      }
    });
  });
}

describe('store verify', () => {
  it('names every record that is damaged, and looks at the rest', async () => {
    const place = fileStore();
    await within(place, (each) => fill(each, 4));
    const bad = recordFiles(place.name, 'covenants').slice(0, 2);
    const [revocation] = recordFiles(place.name, 'revocations') as [string];
    for (const file of [...bad, revocation]) writeFileSync(file, 'damaged');
    const { code, json } = await store('verify', place.name);
    expect(code).toBe(1);
    expect(json).toMatchObject({ ok: false, good: { covenants: 2, revocations: 1 }, bad: 3 });
    const ids = json.findings.map(({ id }: { id: string }) => id.replace(/^.*:/, '').replace(/^.*\//, ''));
    for (const file of bad) expect(ids.some((id: string) => file.endsWith(id))).toBe(true);
    for (const { code } of json.findings) expect(code).toBe('record_corrupt');
    const { out, code: shown } = await stele(['store', 'verify', place.name]);
    expect(shown).toBe(1);
    for (const { id } of json.findings) expect(out).toContain(id);
    expect((await store('stats', place.name)).json).toMatchObject({ covenants: 2, unreadable: 3 });
  });

  it('finds what is whole and verifies nowhere', async () => {
    const place = fileStore();
    const ids = await within(place, async (each) => {
      const [one, other] = (await covenants(2, await generateKeyPair())) as [
        CovenantDocument,
        CovenantDocument,
      ];
      const { id: _, proof: __, ...content } = one;
      await each.put(other);
      return [
        await plantCovenant(each, content, other.proof),
        await plantCovenant(each, { issuer: null }, [null]),
        await plantCovenant(each, {}, 'x'),
      ];
    });
    const { code, json } = await store('verify', place.name);
    expect([code, json.bad, json.good.covenants]).toEqual([1, 3, 1]);
    expect(json.findings.map(({ id }: { id: string }) => id).sort()).toEqual([...ids].sort());
    const byId = new Map(json.findings.map((each: { id: string }) => [each.id, each]));
    expect(byId.get(ids[0] as string)).toMatchObject({ code: 'document_refused', check: 'issuer_signature' });
    expect((await store('stats', place.name)).json).toMatchObject({ covenants: 4, unreadable: 0, others: 2 });
    // None of it is carried into another store.
    const copied = await store('copy', place.name, fileStore().name);
    expect(copied.code).toBe(1);
    expect(copied.json).toMatchObject({ covenants: { copied: 1, failed: 3 }, equal: false });
  });
});

describe('store copy', () => {
  it('unites proofs, and says where they still differ', async () => {
    const [from, to] = [fileStore(), fileStore()];
    const [owner, auditor, guest] = await Promise.all([1, 2, 3].map(() => generateKeyPair()));
    const [document] = (await covenants(1, owner as never)) as [CovenantDocument];
    const audited = await countersignCovenant(document, auditor as never);
    await within(from, (each) => each.put(audited));
    await within(to, (each) => each.put(document));
    expect((await store('copy', from.name, to.name)).json).toMatchObject({
      covenants: { copied: 1 },
      equal: true,
    });
    const visited = await countersignCovenant(document, guest as never);
    await within(to, (each) => each.put(visited));
    const { code, json } = await store('copy', from.name, to.name);
    expect(code).toBe(1);
    expect(json).toMatchObject({
      ...{ covenants: { copied: 0, already: 1 }, equal: false },
      findings: [{ kind: 'covenant', id: document.id, code: 'proofs_differ' }],
    });
    // The other way round they come to be the same, in whatever order the proofs stand.
    expect((await store('copy', to.name, from.name)).json).toMatchObject({ equal: true });
    expect((await store('copy', from.name, to.name)).json).toMatchObject({ covenants: { copied: 0 } });
  });

  it('says what only the second store has, and removes nothing', async () => {
    const [from, to] = [fileStore(), fileStore()];
    await within(from, (each) => fill(each, 2));
    const signer = await generateKeyPair();
    const [more] = (await covenants(1, signer)) as [CovenantDocument];
    await within(to, async (each) => {
      await each.put(more);
      await each.putRevocation(await revocationOf(more, signer));
    });
    const { code, json } = await store('copy', from.name, to.name);
    expect([code, json.equal]).toEqual([1, false]);
    expect(json.findings.map(({ kind, code }: Record<string, string>) => `${kind} ${code}`).sort()).toEqual([
      'covenant only_in_target',
      'revocation only_in_target',
    ]);
    expect(await within(to, (each) => each.has(more.id))).toBe(true);
  });

  it('is never equal with a record that cannot be read, on either side', async () => {
    const [from, to] = [fileStore(), fileStore()];
    await within(from, (each) => fill(each, 3));
    expect((await store('copy', from.name, to.name)).code).toBe(0);
    const [damaged] = recordFiles(to.name, 'covenants') as [string];
    writeFileSync(damaged, 'damaged');
    const there = await store('copy', from.name, to.name);
    expect(there.code).toBe(1);
    expect(there.json).toMatchObject({ covenants: { already: 2, failed: 1 }, equal: false });
    const back = await store('copy', to.name, from.name);
    expect(back.code).toBe(1);
    expect(back.json.findings.map(({ code }: { code: string }) => code).sort()).toEqual([
      'only_in_target',
      'record_corrupt',
    ]);
  });

  it('refuses a store as its own copy, by whatever name', async () => {
    const { name, open } = fileStore();
    await open().close();
    for (const other of [name, `${name}/`, `${name}/../${name.split('/').at(-1)}`]) {
      const { code, json } = await store('copy', name, other);
      expect([code, json.error.code]).toEqual([2, 'usage']);
    }
  });

  it('makes no store of a folder with something else in it, nor a folder for a database', async () => {
    const from = fileStore();
    await within(from, (each) => fill(each, 1));
    expect((await store('copy', from.name, folder.path)).json.error.code).toBe('store_missing');
    expect((await store('copy', from.name, folder.at('new.db'))).json.error.code).toBe('usage');
    expect((await store('copy', from.name, `sqlite:${folder.path}`)).json.error.code).toBe('store_missing');
    const key = newKey(folder, 'late.key');
    const plain = await store('copy', from.name, from.name.replace('store', 'copied'));
    expect(plain.code).toBe(0);
    // Sealed records beside such that stand in clear would hide that half of the store is readable.
    const mixed = await store('copy', from.name, plain.json.to, '--to-encryption-key-file', key);
    expect([mixed.code, mixed.json.error.code]).toEqual([2, 'store_not_encrypted']);
  });
});

describe('store reencrypt', () => {
  it('says which records are left under a key that was not given', async () => {
    const [from, to] = [fileStore(), fileStore()];
    await within(from, (each) => fill(each, 3));
    const [one, two] = [newKey(folder, 'one.key'), newKey(folder, 'two.key')];
    await store('copy', from.name, to.name, '--to-encryption-key-file', one);
    const [damaged] = recordFiles(to.name, 'covenants') as [string];
    writeFileSync(damaged, 'damaged');
    const argv = [to.name, '--encryption-key-file', two, '--old-encryption-key-file', one];
    const { code, json } = await store('reencrypt', ...argv);
    expect(code).toBe(1);
    expect(json).toMatchObject({ done: false, corrupt: 1, findings: [{ code: 'record_corrupt' }] });
    expect(json.keys.at(-1)).toEqual({ keyId: null, current: false, records: 1 });
    const again = await store('reencrypt', ...argv);
    expect(again.json).toMatchObject({ reencrypted: 0, corrupt: 1 });
  });

  it('refuses what is not encrypted, and writes nothing into it', async () => {
    const place = fileStore();
    const key = ['--encryption-key-file', newKey(folder, 'none.key')];
    await place.open().close();
    expect((await store('reencrypt', place.name, ...key)).json.error.code).toBe('store_not_encrypted');
    await within(place, (each) => fill(each, 1));
    expect((await store('reencrypt', place.name, ...key)).json.error.code).toBe('store_not_encrypted');
    expect((await store('reencrypt', place.name)).json.error.code).toBe('usage');
    expect((await store('verify', place.name)).json).toMatchObject({ ok: true, bad: 0 });
  });
});

describe('a bar', () => {
  it('is drawn where it is told, and not into a pipe', async () => {
    const place = fileStore();
    await within(place, (each) => fill(each, 2));
    expect((await stele(['store', 'verify', place.name, '--progress'])).err).toContain('verify  [');
    expect((await stele(['store', 'verify', place.name])).err).toBe('');
  });
});
