/** The built package, as others use it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { LimitRefusal } from '@stele/ccl';
import { describe, it } from 'vitest';
import { runModule, runReadme, tsBlock } from '../../../test/support/readme.js';
import { haveSqlite } from '../../../test/support/sqlite.js';
import type { KeyUsage } from '../src/index.js';

const folder = fileURLToPath(new URL('..', import.meta.url));

/** "Encrypted Storage" of the deployment guide, to the letter. */
const GUIDE = `import { MemoryStore, EncryptedStore } from '@stele/store';
import { randomBytes } from 'crypto';

const encryptionKey = randomBytes(32); // Store this securely!
const store = new EncryptedStore({
  store: new MemoryStore(), // or FileStore, SqliteStore
  encryptionKey,
});

// Documents are transparently encrypted/decrypted
await store.put(covenant);
const doc = await store.get(covenant.id); // decrypted automatically
`;

const COVENANT = `import { buildCovenant } from '@stele/core';
import { generateKeyPair } from '@stele/crypto';
const signer = await generateKeyPair();
const covenant = await buildCovenant({ beneficiary: { id: signer.did }, constraints: "permit a on '/**'", signer });
`;

describe('the built package', () => {
  it.skipIf(!haveSqlite)('runs the example of its README', async () => {
    const { found, page } = (await runReadme(folder)) as {
      found: { id: string };
      page: { items: unknown[] };
    };
    assert.deepEqual(page.items, [found]);
  });

  it.skipIf(!haveSqlite)('runs the example of limits in its README', async () => {
    const readme = readFileSync(`${folder}README.md`, 'utf8');
    const { first, second } = await runModule(tsBlock(readme, 1), folder);
    assert.deepEqual((first as { remaining: number[] }).remaining, [10]);
    const { ok, remaining, retryAfterMs } = second as LimitRefusal;
    assert.deepEqual({ ok, remaining }, { ok: false, remaining: [10] });
    assert.ok(retryAfterMs !== undefined && retryAfterMs > 0 && retryAfterMs <= 86_400_000);
  });

  it('runs the example of keys in its README', async () => {
    const { usage, first } = await runModule(
      `${tsBlock(readFileSync(`${folder}README.md`, 'utf8'), 2)}export { first };`,
      folder,
    );
    const counts = (usage as KeyUsage[]).map(({ keyId, current }) => [keyId === first, current]);
    assert.deepEqual(counts, [
      [false, true],
      [true, false],
    ]);
  });

  it('runs the sample of the deployment guide', async () => {
    const { doc, covenant } = await runModule(`${COVENANT}${GUIDE}export { doc, covenant };\n`, folder);
    assert.deepEqual(doc, covenant);
  });

  it.skipIf(!haveSqlite)('works in CommonJS, every store of it', () => {
    const script = `
      const { SqliteStore, FileStore, MemoryStore, EncryptedStore } = require('@stele/store');
      const { mkdtempSync, rmSync } = require('node:fs');
      const folder = mkdtempSync(require('node:os').tmpdir() + '/stele-cjs-');
      (async () => {
        for (const inner of [new SqliteStore(folder + '/db'), new FileStore(folder + '/files'), new MemoryStore()]) {
          const store = new EncryptedStore({ store: inner, encryptionKey: new Uint8Array(32) });
          if ((await store.count()) !== 0) process.exitCode = 1;
          await store.close();
        }
        rmSync(folder, { recursive: true });
      })();`;
    const { status, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: folder, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });

  it('has no disk, and nothing of Node, for browsers and workers', () => {
    for (const file of ['index.web.js', 'index.web.cjs']) {
      const text = readFileSync(`${folder}dist/${file}`, 'utf8');
      assert.doesNotMatch(text, /node:|better-sqlite3|\brequire\("(?!@stele)|process\.|Buffer\b/);
    }
    const script = `import * as store from '@stele/store'; console.log(Object.keys(store).sort().join());`;
    const names = (condition: string) =>
      spawnSync(process.execPath, [`--conditions=${condition}`, '--input-type=module', '-e', script], {
        cwd: folder,
        encoding: 'utf8',
      }).stdout.trim();
    const portable =
      'BackedStore,EncryptedStore,FEED_LENGTH,MAX_CHANGES,MAX_RECORD_BYTES,MemoryStore,RECORD_KINDS,SealedKeys,StoreError,appendedAnchor,encryptionKeyId,holdsSealedRecords,rawKeys';
    for (const condition of ['browser', 'worker', 'workerd']) assert.equal(names(condition), portable);
    assert.equal(
      names('node'),
      'BackedStore,EncryptedStore,FEED_LENGTH,FileAnchor,FileStore,MAX_CHANGES,MAX_RECORD_BYTES,MemoryStore,RECORD_KINDS,SealedKeys,SqliteKeyRing,SqliteLimits,SqliteStore,StoreError,appendedAnchor,encryptionKeyId,holdsSealedRecords,rawKeys',
    );
  });

  it.each([
    "storeContract('memory', () => new MemoryStore(), { describe, it });",
    "limitContract('memory', (setup) => new MemoryLimits(setup), { describe, it });",
  ])('hands its contracts to node:test as well: %s', (contract) => {
    const script = `
      import { describe, it } from 'node:test';
      import { MemoryLimits } from '@stele/ccl';
      import { MemoryStore } from '@stele/store';
      import { limitContract, storeContract } from '@stele/store/testing';
      ${contract}`;
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout.slice(-2000));
    assert.match(stdout, /pass (?:[4-9]\d|[1-9]\d\d)\b/);
  });

  it('gives the same names to import and require', async () => {
    const required = createRequire(import.meta.url)('@stele/store') as object;
    assert.deepEqual(Object.keys(required).sort(), Object.keys(await import('@stele/store')).sort());
  });
});
