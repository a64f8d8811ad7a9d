/** The samples of the deployment guide, to the letter, between a prelude that stands for the reader's own program and a check. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runModule } from '../../../test/support/readme.js';

const here = fileURLToPath(new URL('..', import.meta.url));

const run = (prelude: string, sample: string, check: string) =>
  runModule(`${prelude}\n${sample}\n${check}`, here);

const PREPARED_COVENANT = `
import { buildCovenant, generateKeyPair } from '@stele/sdk';
const owner = await generateKeyPair();
const agent = await generateKeyPair();
const covenant = await buildCovenant({
  beneficiary: { id: agent.did },
  constraints: "permit http.get on '/orders/**'\\npermit tool.unnamed on '/'",
  signer: owner,
});
`;

describe('the deployment guide', () => {
  it('loads a key from a KMS', async () => {
    // The guide calls this pseudo-code: what stands in here is the KMS client alone.
    const { keyPair, expected } = await run(
      `import { generateKeyPair } from '@stele/crypto';
       const stored = await generateKeyPair();
       const encryptedKeyBlob = stored.privateKey;
       class KMSClient { constructor(_: object) {} async send(c: { input: { CiphertextBlob: Uint8Array } }) { return { Plaintext: c.input.CiphertextBlob }; } }
       class DecryptCommand { input: any; constructor(input: object) { this.input = input; } }
       import { keyPairFromPrivateKey } from '@stele/crypto';`,
      `const kms = new KMSClient({ region: 'us-east-1' });
const result = await kms.send(new DecryptCommand({
  CiphertextBlob: encryptedKeyBlob,
}));
const keyPair = await keyPairFromPrivateKey(new Uint8Array(result.Plaintext!));`,
      'export { keyPair }; export const expected = stored.did;',
    );
    expect((keyPair as { did: string }).did).toBe(expected);
  });

  it('rotates keys', async () => {
    const { logged, manager } = await run(
      'export const logged: unknown[] = []; const logger = { info: (...line: unknown[]) => logged.push(line) };',
      `import { KeyManager } from '@stele/crypto';

const manager = new KeyManager({
  maxAgeMs: 90 * 24 * 60 * 60 * 1000, // 90 days
  overlapPeriodMs: 7 * 24 * 60 * 60 * 1000, // 7 days
  onRotation: (oldKey, newKey) => {
    logger.info('Key rotated', { oldKey, newKey });
    // Re-sign active covenants with the new key
  },
});

await manager.initialize();

// Check periodically
if (manager.needsRotation()) {
  await manager.rotate();
}
manager.retireExpired();`,
      'await manager.rotate(); export { manager };',
    );
    expect(logged).toHaveLength(1);
    expect(JSON.stringify(logged)).not.toContain('privateKey');
    expect((manager as { needsRotation(): boolean }).needsRotation()).toBe(false);
  });

  it('revokes a key', async () => {
    const { result, revocationList, compromisedPublicKeyHex } = await run(
      `import { KeyManager } from '@stele/crypto';
       const manager = new KeyManager({});
       await manager.initialize();
       export const compromisedPublicKeyHex = manager.activeKey.publicKeyHex;
       const message = new TextEncoder().encode('hello');
       const signature = await manager.sign(message);`,
      `manager.revoke(compromisedPublicKeyHex, 'Key compromised via incident #1234');

// Revoked keys are excluded from verification
const result = await manager.verifyWithAnyKey(message, signature);
// result.valid === false for signatures from revoked keys

// Export the revocation list for distribution
const revocationList = manager.getRevocationList();`,
      'export { result, revocationList };',
    );
    expect((result as { valid: boolean }).valid).toBe(false);
    expect(JSON.stringify(revocationList)).toContain(compromisedPublicKeyHex);
  });

  it('encrypts what it stores', async () => {
    const { doc, covenant } = await run(
      PREPARED_COVENANT,
      `import { MemoryStore, EncryptedStore } from '@stele/store';
import { randomBytes } from 'crypto';

const encryptionKey = randomBytes(32); // Store this securely!
const store = new EncryptedStore({
  store: new MemoryStore(), // or FileStore, SqliteStore
  encryptionKey,
});

// Documents are transparently encrypted/decrypted
await store.put(covenant);
const doc = await store.get(covenant.id); // decrypted automatically`,
      'export { doc, covenant };',
    );
    expect(doc).toEqual(covenant);
  });

  it('wires up health endpoints', async () => {
    const { answers } = await run(
      `import express from 'express';
       import { MemoryStore } from '@stele/store';
       const store = new MemoryStore();
       const app = express();`,
      `import { liveness, readiness, deepHealth } from '@stele/sdk';

// Kubernetes liveness probe -- GET /healthz
app.get('/healthz', (req, res) => {
  res.json(liveness());
});

// Kubernetes readiness probe -- GET /readyz
app.get('/readyz', async (req, res) => {
  const result = await readiness(store);
  res.status(result.ready ? 200 : 503).json(result);
});

// Deep health for dashboards -- GET /health
app.get('/health', async (req, res) => {
  const report = await deepHealth({
    store,
    version: process.env.APP_VERSION,
    storeLatencyThresholdMs: 200,
  });
  res.status(report.status === 'unhealthy' ? 503 : 200).json(report);
});`,
      `const server = app.listen(0, '127.0.0.1');
       await new Promise((resolve) => server.once('listening', resolve));
       const url = 'http://127.0.0.1:' + (server.address() as { port: number }).port;
       const get = async (path: string) => { const r = await fetch(url + path); return [r.status, await r.json()]; };
       const all = async () => [await get('/healthz'), await get('/readyz'), await get('/health')];
       const open = await all();
       await store.close();
       export const answers = [...open, ...(await all())];
       await new Promise((resolve) => server.close(resolve));`,
    );
    const alive = [200, expect.objectContaining({ alive: true })];
    expect(answers).toEqual([
      alive,
      [200, expect.objectContaining({ ready: true })],
      // A busy machine may take longer than the sample's 200 ms.
      [200, expect.objectContaining({ status: expect.stringMatching(/^(?:healthy|degraded)$/) })],
      alive,
      [503, expect.objectContaining({ ready: false, code: 'store_closed' })],
      [503, expect.objectContaining({ status: 'unhealthy' })],
    ]);
  });

  it('guards an Express application', async () => {
    const { statuses } = await run(
      `${PREPARED_COVENANT}
       import express from 'express';
       import { MemoryStore } from '@stele/sdk';
       const store = new MemoryStore();
       const app = express();`,
      `import { steleMiddleware } from '@stele/sdk/adapters';

app.use(steleMiddleware({ covenant, store }));`,
      `app.get('/orders/:id', (req, res) => { res.json({ id: req.params.id }); });
       app.get('/secrets', (_req, res) => { res.json({}); });
       const server = app.listen(0, '127.0.0.1');
       await new Promise((resolve) => server.once('listening', resolve));
       const url = 'http://127.0.0.1:' + (server.address() as { port: number }).port;
       export const statuses = [(await fetch(url + '/orders/1')).status, (await fetch(url + '/secrets')).status];
       await new Promise((resolve) => server.close(resolve));`,
    );
    expect(statuses).toEqual([200, 403]);
  });

  it('guards a tool of the AI SDK', async () => {
    const { output } = await run(
      `${PREPARED_COVENANT}
       import { MemoryStore } from '@stele/sdk';
       import { jsonSchema, tool } from 'ai6';
       const store = new MemoryStore();
       const myTool = tool({ inputSchema: jsonSchema<{ n: number }>({ type: 'object' }), execute: async ({ n }) => n + 1 });
       
       `,
      `import { withStele } from '@stele/sdk/adapters';

const guardedTool = withStele(myTool, { covenant, store });`,
      "export const output = await guardedTool.execute!({ n: 1 }, { toolCallId: '1', messages: [] });",
    );
    expect(output).toBe(2);
  });

  it('logs', async () => {
    const { logger } = await run(
      '',
      `import { createLogger } from '@stele/types';

const logger = createLogger({
  level: process.env.NODE_ENV === 'production' ? 'warn' : 'debug',
  prefix: 'stele',
});`,
      'export { logger };',
    );
    expect(typeof (logger as { info: unknown }).info).toBe('function');
  });
});
