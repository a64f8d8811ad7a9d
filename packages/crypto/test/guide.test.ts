/** What operators are told to write for their keys, as they will write it: against the built package and the loopback KMS. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { createLogger } from '@stele/types';
import ts from 'typescript';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { KmsServer } from '../../../test/support/kms/kms-server.js';
import { runModule } from '../../../test/support/readme.js';
import {
  type KeyManager,
  type KeyPair,
  type KeyVerification,
  keyPairFromPrivateKey,
  type RevokedKey,
  randomBytes,
} from '../src/index.js';
import { packageFolder, text } from './support.js';

const built = existsSync(`${packageFolder}/dist/index.js`);
const DAY = 24 * 60 * 60 * 1000;

const FROM_KMS = `\
// Example: load key from AWS KMS (pseudo-code)
import { KMSClient, DecryptCommand } from '@aws-sdk/client-kms';
import { keyPairFromPrivateKey } from '@stele/crypto';

const kms = new KMSClient({ region: 'us-east-1' });
const result = await kms.send(new DecryptCommand({
  CiphertextBlob: encryptedKeyBlob,
}));
const keyPair = await keyPairFromPrivateKey(new Uint8Array(result.Plaintext!));
`;

const ROTATION = `\
import { KeyManager } from '@stele/crypto';

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
manager.retireExpired();
`;

const REVOCATION = `\
manager.revoke(compromisedPublicKeyHex, 'Key compromised via incident #1234');

// Revoked keys are excluded from verification
const result = await manager.verifyWithAnyKey(message, signature);
// result.valid === false for signatures from revoked keys

// Export the revocation list for distribution
const revocationList = manager.getRevocationList();
`;

const PERIODICALLY = ROTATION.slice(ROTATION.indexOf('// Check periodically'));

/** Runs a sample with what it takes for granted. @returns the names asked for */
async function play(sample: string, given: Record<string, unknown>, ...names: string[]) {
  for (const [name, value] of Object.entries(given)) vi.stubGlobal(name, value);
  return runModule(`${sample}\nexport { ${names.join(', ')} };\n`, packageFolder);
}

/** Of each sample, how many complaints the compiler has with all its rules on. */
function complaints(...samples: string[]): number[] {
  const folder = mkdtempSync(join(packageFolder, '.example-'));
  const files = samples.map((_, i) => join(folder, `example-${i}.mts`));
  try {
    for (const [i, file] of files.entries()) writeFileSync(file, `${samples[i]}\nexport {};\n`);
    const program = ts.createProgram(files, {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      types: ['node'],
    });
    const found = ts.getPreEmitDiagnostics(program).map(({ file }) => file?.fileName);
    return files.map((file) => found.filter((each) => each === file).length);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.skipIf(!built)('the samples of the deployment guide', () => {
  const credential = { accessKeyId: 'AKIAGUIDE', secretAccessKey: 'a secret of the tests' };
  let server: KmsServer;
  beforeAll(async () => {
    server = await KmsServer.start();
    server.credentials.set(credential.accessKeyId, credential);
  });
  afterAll(() => server.stop());
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.unstubAllEnvs();
    vi.useRealTimers();
  });

  it('load a key pair that a KMS decrypts', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', server.url);
    vi.stubEnv('AWS_ACCESS_KEY_ID', credential.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', credential.secretAccessKey);
    const { KeyMetadata } = server.keys.answer('CreateKey', {}) as { KeyMetadata: { KeyId: string } };
    const seed = randomBytes(32);
    const client = new KMSClient({ region: 'us-east-1' });
    const sealed = await client.send(new EncryptCommand({ KeyId: KeyMetadata.KeyId, Plaintext: seed }));
    client.destroy();
    const given = { encryptedKeyBlob: sealed.CiphertextBlob };
    const { keyPair, kms } = (await play(FROM_KMS, given, 'keyPair', 'kms')) as {
      keyPair: KeyPair;
      kms: KMSClient;
    };
    kms.destroy();
    expect(keyPair.did).toBe((await keyPairFromPrivateKey(seed)).did);
    expect(server.operations).toEqual(['Encrypt', 'Decrypt']);
  });

  it('rotate a key at its time, and tell a logger', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
    const lines: string[] = [];
    const logger = createLogger({
      level: 'debug',
      prefix: 'stele',
      destination: { write: (line) => lines.push(line) },
    });
    const { manager } = (await play(ROTATION, { logger }, 'manager')) as { manager: KeyManager };
    const before = manager.activeKey;
    expect([manager.keys.length, lines.length]).toEqual([1, 0]);

    vi.setSystemTime(Date.now() + 90 * DAY);
    await play(PERIODICALLY, { logger, manager });
    expect(manager.keys.map(({ state }) => state)).toEqual(['retiring', 'active']);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      msg: 'Key rotated',
      name: 'stele',
      oldKey: { publicKeyHex: before.publicKeyHex, did: before.did, state: 'retiring' },
      newKey: { publicKeyHex: manager.activeKey.publicKeyHex, state: 'active' },
    });

    vi.setSystemTime(Date.now() + 7 * DAY);
    await play(PERIODICALLY, { logger, manager });
    expect(manager.history[0]).toMatchObject({ state: 'retired', retiredAt: new Date().toISOString() });
    expect(lines).toHaveLength(1);
  });

  it('revoke a key at once', async () => {
    const logger = createLogger({ level: 'silent' });
    const { manager } = (await play(ROTATION, { logger }, 'manager')) as { manager: KeyManager };
    const compromisedPublicKeyHex = manager.activeKey.publicKeyHex;
    const message = text('signed before the incident');
    const signature = await manager.sign(message);
    expect((await manager.verifyWithAnyKey(message, signature)).valid).toBe(true);
    const given = { manager, compromisedPublicKeyHex, message, signature };
    const { result, revocationList } = (await play(REVOCATION, given, 'result', 'revocationList')) as {
      result: KeyVerification;
      revocationList: RevokedKey[];
    };
    expect(result).toEqual({ valid: false });
    expect(revocationList).toMatchObject([
      { publicKeyHex: compromisedPublicKeyHex, reason: 'Key compromised via incident #1234' },
    ]);
    expect(manager.activeKey.publicKeyHex).not.toBe(compromisedPublicKeyHex);
  });

  it('are TypeScript that the strict compiler takes', () => {
    const given = `
      import { createLogger } from '@stele/types';
      const logger = createLogger();
      declare const message: Uint8Array, signature: Uint8Array, compromisedPublicKeyHex: string;`;
    const mistake = 'const count: string = manager.keys.length;';
    const found = complaints(
      `declare const encryptedKeyBlob: Uint8Array;\n${FROM_KMS}`,
      `${given}\n${ROTATION}\n${REVOCATION}`,
      `${given}\n${ROTATION}\n${mistake}`,
    );
    expect(found).toEqual([0, 0, 1]);
  }, 60_000);
});
