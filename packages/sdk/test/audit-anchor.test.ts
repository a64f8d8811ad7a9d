/** A log of decisions that remembers how an encrypted store was left. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runModule, tsBlock } from '../../../test/support/readme.js';
import {
  AuditLog,
  auditAnchor,
  type CovenantDocument,
  EncryptedStore,
  FileStore,
  generateKeyPair,
  type KeyPair,
  MemoryStore,
  verifyLog,
} from '../src/index.js';
import { cast } from './support.js';

const ORIGIN = 'shop.example/agents';
const KEY = new Uint8Array(32).fill(7);
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

let signer: KeyPair;
let documents: CovenantDocument[];
let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  signer = await generateKeyPair();
  const c = await cast();
  documents = await Promise.all([1, 2, 3].map((n) => c.covenant(`permit a.b${n} on **`)));
});
beforeEach(() => {
  folder = mkdtempSync(join(PLACE, 'stele-anchor-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const openLog = () => AuditLog.open(at('log'), { signer, origin: ORIGIN });
const openStore = (log: AuditLog, name = 'store') =>
  new EncryptedStore({
    store: new FileStore(at(name)),
    encryptionKey: KEY,
    anchor: auditAnchor(log, { store: name }),
  });

/** Uses both, and closes them. */
async function within<T>(use: (store: EncryptedStore, log: AuditLog) => Promise<T>): Promise<T> {
  const log = await openLog();
  const store = openStore(log);
  try {
    return await use(store, log);
  } finally {
    await store.close();
    await log.close();
  }
}

const document = (n: number) => () => documents[n] as CovenantDocument;
const [first, second, third] = [document(0), document(1), document(2)];

describe('auditAnchor', () => {
  it('remembers over the lives of a process, in entries that an auditor verifies', async () => {
    await within(async (store) => {
      await store.put(first());
      expect(await store.verify()).toMatchObject({ records: 2 });
    });
    await within(async (store, log) => {
      await store.put(second());
      expect(await store.verify()).toMatchObject({ records: 3 });
      expect(await log.entry(0)).toMatchObject({ kind: 'store.anchored', store: 'store' });
      await log.checkpoint();
      expect(await verifyLog(log.reader, { origin: ORIGIN, keys: [signer] })).toMatchObject({ valid: true });
    });
  });

  it('finds that the store was brought back, though the log went on', async () => {
    await within((store) => store.put(first()));
    cpSync(at('store'), at('backup'), { recursive: true });
    await within(async (store, log) => {
      await store.put(second());
      // Other entries than those of the store, over more than one bundle.
      const time = new Date().toISOString();
      await Promise.all(
        Array.from({ length: 600 }, (_, n) => log.append({ v: 1, kind: 'host.event', time, n })),
      );
    });
    await within((store) => store.put(third()));
    rmSync(at('store'), { recursive: true });
    cpSync(at('backup'), at('store'), { recursive: true });
    await within(async (store) => {
      for (const step of [() => store.get(first().id), () => store.put(second()), () => store.verify()])
        await expect(step()).rejects.toMatchObject({ code: 'store_rolled_back' });
      await store.reanchor();
      expect(await store.verify()).toMatchObject({ records: 2 });
    });
  });

  it('finds the newest state behind many other entries', async () => {
    await within(async (store, log) => {
      await store.put(first());
      const time = new Date().toISOString();
      await Promise.all(
        Array.from({ length: 600 }, (_, n) => log.append({ v: 1, kind: 'host.event', time, n })),
      );
    });
    await within(async (store) => expect(await store.verify()).toMatchObject({ records: 2 }));
  });

  it('tells several stores in one log apart', async () => {
    const log = await openLog();
    const [one, other] = [openStore(log, 'one'), openStore(log, 'other')];
    await one.put(first());
    await other.put(second());
    await Promise.all([one.close(), other.close()]);
    const again = [openStore(log, 'one'), openStore(log, 'other')];
    for (const store of again) expect(await store.verify()).toMatchObject({ records: 2 });
    // One that is opened under the name of the other is not what was put there.
    const swapped = new EncryptedStore({
      ...{ store: new FileStore(at('one')), encryptionKey: KEY },
      anchor: auditAnchor(log, { store: 'other' }),
    });
    await expect(swapped.verify()).rejects.toMatchObject({ code: 'store_rolled_back' });
    for (const store of [...again, swapped]) await store.close();
    await log.close();
  });

  it('does not say that something was put when the log does not take it', async () => {
    const log = await openLog();
    const store = openStore(log);
    await store.put(first());
    await log.close();
    await expect(store.put(second())).rejects.toMatchObject({ code: 'store_unavailable' });
    await store.close();
    await within(async (again) => {
      expect(await again.has(second().id)).toBe(false);
      expect(await again.verify()).toMatchObject({ records: 2 });
    });
  });

  it('takes no log and no name that is none', async () => {
    for (const odd of [undefined, {}, 'log', { append: async () => undefined }])
      expect(() => auditAnchor(odd as never)).toThrow(TypeError);
    const log = await openLog();
    for (const store of ['', 7, null])
      expect(() => auditAnchor(log, { store: store as never })).toThrow(TypeError);
    // Nothing is asked before there is something to anchor.
    const unused = new EncryptedStore({
      store: new MemoryStore(),
      encryptionKey: KEY,
      anchor: auditAnchor(log),
    });
    await unused.close();
    await log.close();
  });
});

it('the example of the guide runs', async () => {
  const guide = readFileSync(new URL('../../../docs/stores.md', import.meta.url), 'utf8');
  const example = tsBlock(guide, 1).replaceAll('/var/lib/stele', folder);
  const { proof } = await runModule(example, fileURLToPath(new URL('..', import.meta.url)));
  expect(proof).toMatchObject({ records: 2 });
});
