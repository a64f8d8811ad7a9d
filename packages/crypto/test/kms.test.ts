/** Keys in AWS KMS: the client of the AWS SDK against a loopback server with real keys, and all that can go wrong. */
import { inspect } from 'node:util';
import {
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  type KMSClientConfig,
  VerifyCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { KmsServer } from '../../../test/support/kms/kms-server.js';
import {
  CryptoError,
  generateKeyPair,
  keyPairFromPrivateKey,
  randomBytes,
  toSigner,
  verify,
} from '../src/index.js';
import { type KmsClient, kmsClient, kmsKeyPair, kmsSealer, kmsSigner } from '../src/kms.js';
import { hexOf, rejection, text } from './support.js';

const message = text('sixty-four bytes are what a proof of a covenant needs to be signed');
const credential = { accessKeyId: 'AKIATEST', secretAccessKey: 'a secret of the tests' };
const aad = text('record 7');

let server: KmsServer;
let client: KMSClient;
const clients: KMSClient[] = [];

function connect(config: KMSClientConfig = {}): KMSClient {
  const made = new KMSClient({
    endpoint: server.url,
    region: 'us-east-1',
    credentials: credential,
    maxAttempts: 1,
    ...config,
  });
  clients.push(made);
  return made;
}

async function createKey(KeySpec?: 'ECC_NIST_EDWARDS25519' | 'ECC_NIST_P256'): Promise<string> {
  const input = KeySpec === undefined ? {} : { KeySpec, KeyUsage: 'SIGN_VERIFY' as const };
  const { KeyMetadata } = await client.send(new CreateKeyCommand(input));
  return KeyMetadata?.KeyId as string;
}

const ed25519Key = () => createKey('ECC_NIST_EDWARDS25519');

/** The error, which must be ours, and the name of the one beneath. */
async function failure(promise: Promise<unknown>): Promise<[code: string, cause: string | undefined]> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CryptoError);
  const { code, cause } = error as CryptoError;
  return [code, (cause as Error | undefined)?.name];
}

beforeAll(async () => {
  server = await KmsServer.start();
  server.credentials.set(credential.accessKeyId, credential);
  client = connect();
});

beforeEach(() => server.reset());

afterAll(async () => {
  for (const each of clients) each.destroy();
  await server.stop();
});

describe('the loopback KMS', () => {
  it('refuses requests that are not signed by whom they name', async () => {
    const wrong = connect({ credentials: { ...credential, secretAccessKey: 'another secret' } });
    const unknown = connect({ credentials: { ...credential, accessKeyId: 'AKIAOTHER' } });
    await expect(wrong.send(new CreateKeyCommand({}))).rejects.toMatchObject({
      name: 'InvalidSignatureException',
    });
    await expect(unknown.send(new CreateKeyCommand({}))).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
    const unsigned = await fetch(server.url, { method: 'POST', body: '{}' });
    expect(await unsigned.json()).toMatchObject({ __type: 'IncompleteSignatureException' });
  });

  it('refuses a body that was changed after it was signed', async () => {
    const tampering = connect();
    tampering.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { body: string | Uint8Array };
        request.body = new TextDecoder().decode(request.body as Uint8Array).replace('AES_256', 'AES_128');
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    const KeyId = await createKey();
    await expect(
      tampering.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })),
    ).rejects.toMatchObject({ name: 'InvalidSignatureException' });
  });

  it('refuses a header that was added after the request was signed', async () => {
    const tampering = connect();
    tampering.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers['x-amz-extra'] = 'unsigned';
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    await expect(tampering.send(new CreateKeyCommand({}))).rejects.toMatchObject({
      name: 'InvalidSignatureException',
    });
  });

  it('wraps data keys that it alone unwraps, for their context', async () => {
    const KeyId = await createKey();
    const EncryptionContext = { store: 'covenants' };
    const { Plaintext, CiphertextBlob } = await client.send(
      new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }),
    );
    const opened = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    expect(opened.Plaintext).toEqual(Plaintext);
    expect(Plaintext).toHaveLength(32);
    await expect(client.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
  });

  it('verifies nothing but the signatures of its keys', async () => {
    const KeyId = await ed25519Key();
    const signer = await kmsSigner({ client, keyId: KeyId });
    const Signature = await signer.sign(message);
    const asked = (Message: Uint8Array) =>
      client.send(new VerifyCommand({ KeyId, Message, Signature, SigningAlgorithm: 'ED25519_SHA_512' }));
    expect((await asked(message)).SignatureValid).toBe(true);
    await expect(asked(text('another'))).rejects.toMatchObject({ name: 'KMSInvalidSignatureException' });
  });
});

describe('kmsSigner', () => {
  it('signs with the key in the KMS, whose own Verify agrees', async () => {
    const keyId = await ed25519Key();
    const signer = await kmsSigner({ client, keyId, use: 'covenant' });
    expect(signer).toMatchObject({ maxBytes: 4_096, use: 'covenant' });
    expect(toSigner(signer)).toBe(signer);
    for (const bytes of [message, randomBytes(64), randomBytes(4_096)]) {
      const signature = await signer.sign(bytes);
      expect(await verify(bytes, signature, signer.publicKey)).toBe(true);
      const answer = await client.send(
        new VerifyCommand({
          KeyId: keyId,
          Message: bytes,
          Signature: signature,
          SigningAlgorithm: 'ED25519_SHA_512',
        }),
      );
      expect(answer.SignatureValid).toBe(true);
    }
  });

  it('asks for the public key once', async () => {
    const signer = await kmsSigner({ client, keyId: await ed25519Key() });
    await Promise.all([signer.sign(message), signer.sign(message)]);
    expect(server.operations).toEqual(['CreateKey', 'GetPublicKey', 'Sign', 'Sign']);
  });

  it('refuses a message beyond 4,096 bytes without asking, and signs no hash in its place', async () => {
    const signer = await kmsSigner({ client, keyId: await ed25519Key() });
    server.reset();
    expect(await rejection(signer.sign(new Uint8Array(4_097)))).toBe('too_large');
    expect(server.operations).toEqual([]);
  });

  it('stays with the key that an alias stood for', async () => {
    const [first, second] = [await ed25519Key(), await ed25519Key()];
    server.keys.alias('alias/issuer', first);
    const signer = await kmsSigner({ client, keyId: 'alias/issuer' });
    server.keys.alias('alias/issuer', second);
    expect(await verify(message, await signer.sign(message), signer.publicKey)).toBe(true);
    const successor = await kmsSigner({ client, keyId: 'alias/issuer' });
    expect(successor.keyId).not.toBe(signer.keyId);
  });

  it('refuses keys of another kind', async () => {
    const ecdsa = await createKey('ECC_NIST_P256');
    const symmetric = await createKey();
    expect(await failure(kmsSigner({ client, keyId: ecdsa }))).toEqual(['signer_answer_wrong', undefined]);
    expect(await failure(kmsSigner({ client, keyId: symmetric }))).toEqual([
      'signer_unavailable',
      'InvalidKeyUsageException',
    ]);
    expect(await failure(kmsSigner({ client, keyId: 'nobody' }))).toEqual([
      'signer_unavailable',
      'NotFoundException',
    ]);
  });

  it.each([
    ['another kind', { KeySpec: 'RSA_2048' }],
    ['another usage', { KeyUsage: 'KEY_AGREEMENT' }],
    ['no public key', { PublicKey: undefined }],
    ['a bare public key', { PublicKey: Buffer.alloc(32).toString('base64') }],
    ['another SubjectPublicKeyInfo', { PublicKey: Buffer.alloc(44).toString('base64') }],
  ])('refuses a GetPublicKey answer with %s', async (_what, change) => {
    const keyId = await ed25519Key();
    server.play((answer) => ({ ...answer, ...change }));
    expect(await failure(kmsSigner({ client, keyId }))).toEqual(['signer_answer_wrong', undefined]);
  });

  it('takes any client of the right shape, whatever it does', async () => {
    const keyId = await ed25519Key();
    const silent: KmsClient = { send: async () => undefined };
    expect(await failure(kmsSigner({ client: silent, keyId }))).toEqual(['signer_answer_wrong', undefined]);
    for (const reason of [undefined, null, 'text', {}]) {
      const failing: KmsClient = { send: () => Promise.reject(reason) };
      expect((await failure(kmsSigner({ client: failing, keyId })))[0]).toBe('signer_unavailable');
    }
  });

  it('asks again when told that there are too many requests, under whatever name', async () => {
    const keyId = await ed25519Key();
    for (const [httpStatusCode, asks] of [
      [429, 3],
      [400, 1],
    ] as const) {
      let asked = 0;
      const busy: KmsClient = {
        send: () => {
          asked += 1;
          return Promise.reject({ name: 'Unheard', $fault: 'client', $metadata: { httpStatusCode } });
        },
      };
      const refused = kmsSigner({ client: busy, keyId, retries: 2, retryDelayMs: 0 });
      expect((await failure(refused))[0]).toBe('signer_unavailable');
      expect(asked).toBe(asks);
    }
  });

  it('tells the client to stop when its time is over', async () => {
    let signal: AbortSignal | undefined;
    const hanging: KmsClient = {
      send: (_command, options) => {
        signal = options?.abortSignal;
        return new Promise(() => {});
      },
    };
    expect((await failure(kmsSigner({ client: hanging, keyId: 'x', timeoutMs: 5 })))[0]).toBe(
      'signer_unavailable',
    );
    expect(signal?.aborted).toBe(true);
  });

  it('asks for the key by the name it was given if the KMS tells no other', async () => {
    const keyId = await ed25519Key();
    server.play((answer) => ({ ...answer, KeyId: undefined }));
    const signer = await kmsSigner({ client, keyId });
    expect(await verify(message, await signer.sign(message), signer.publicKey)).toBe(true);
  });

  it('says that the SDK is missing', async () => {
    vi.resetModules();
    vi.doMock('@aws-sdk/client-kms', () => {
      throw new Error('Cannot find package');
    });
    try {
      const without = await import('../src/kms.js');
      const error: unknown = await without.kmsSigner({ client, keyId: 'x' }).catch((reason) => reason);
      expect(error).toMatchObject({
        code: 'signer_unavailable',
        hint: expect.stringContaining('optional peer'),
      });
    } finally {
      vi.doUnmock('@aws-sdk/client-kms');
      vi.resetModules();
    }
  });

  it('hands on no signature that its public key does not verify', async () => {
    const signer = await kmsSigner({ client, keyId: await ed25519Key(), retries: 3 });
    const other = await kmsSigner({ client, keyId: await ed25519Key() });
    const foreign = Buffer.from(await other.sign(message)).toString('base64');
    const genuine = Buffer.from(await signer.sign(message));
    const spoilt = Buffer.from(genuine);
    spoilt[5] = (spoilt[5] as number) ^ 1;
    const answers: unknown[] = [
      foreign,
      spoilt.toString('base64'),
      genuine.subarray(1).toString('base64'),
      Buffer.concat([genuine, Buffer.of(0)]).toString('base64'),
      '',
      undefined,
    ];
    for (const Signature of answers) {
      server.reset();
      server.play((answer) => ({ ...answer, Signature }));
      expect(await failure(signer.sign(message))).toEqual(['signer_answer_wrong', undefined]);
      expect(server.operations, 'a wrong answer is not asked for again').toEqual(['Sign']);
    }
  });

  it.each(['cut', 'garbage'] as const)(
    'takes an answer that is %s for none, and asks again',
    async (fault) => {
      const signer = await kmsSigner({ client, keyId: await ed25519Key(), retries: 1, retryDelayMs: 0 });
      server.play(fault);
      expect(await verify(message, await signer.sign(message), signer.publicKey)).toBe(true);
      server.play(fault, fault);
      expect((await failure(signer.sign(message)))[0]).toBe('signer_unavailable');
    },
  );

  it.each([
    ['ThrottlingException', 400],
    ['KMSInternalException', 500],
    ['DependencyTimeoutException', 503],
    ['KeyUnavailableException', 500],
  ])('rides out %s', async (refuse, status) => {
    const signer = await kmsSigner({ client, keyId: await ed25519Key(), retries: 2, retryDelayMs: 1 });
    server.reset();
    server.play({ refuse, status }, { refuse, status });
    expect(await verify(message, await signer.sign(message), signer.publicKey)).toBe(true);
    expect(server.operations).toEqual(['Sign', 'Sign', 'Sign']);
    server.play({ refuse, status }, { refuse, status }, { refuse, status });
    expect(await failure(signer.sign(message))).toEqual(['signer_unavailable', refuse]);
  });

  it('leaves retries to the client of the SDK unless told otherwise', async () => {
    const keyId = await ed25519Key();
    const patient = await kmsSigner({ client: connect({ maxAttempts: 3 }), keyId });
    server.play({ refuse: 'ThrottlingException' }, { refuse: 'KMSInternalException', status: 500 });
    expect(await verify(message, await patient.sign(message), patient.publicKey)).toBe(true);
    const impatient = await kmsSigner({ client, keyId });
    server.play({ refuse: 'ThrottlingException' });
    expect(await failure(impatient.sign(message))).toEqual(['signer_unavailable', 'ThrottlingException']);
  });

  it('gives up a request that hangs, and asks again', async () => {
    const signer = await kmsSigner({
      client,
      keyId: await ed25519Key(),
      retries: 1,
      timeoutMs: 300,
      retryDelayMs: 0,
    });
    server.play('hang');
    expect(await verify(message, await signer.sign(message), signer.publicKey)).toBe(true);
    server.play('hang', 'hang');
    expect((await failure(signer.sign(message)))[0]).toBe('signer_unavailable');
  });

  it('does not ask again what is refused for good', async () => {
    const keyId = await ed25519Key();
    const signer = await kmsSigner({ client, keyId, retries: 5, retryDelayMs: 0 });
    for (const refuse of ['AccessDeniedException', 'KMSInvalidStateException', 'NotFoundException']) {
      server.reset();
      server.play({ refuse });
      expect(await failure(signer.sign(message))).toEqual(['signer_unavailable', refuse]);
      expect(server.operations).toEqual(['Sign']);
    }
    server.reset();
    server.keys.disable(keyId);
    expect(await failure(signer.sign(message))).toEqual(['signer_unavailable', 'DisabledException']);
    expect(server.operations).toEqual(['Sign']);
  });

  it('refuses expired credentials at once, and takes session credentials', async () => {
    const keyId = await ed25519Key();
    const session = { accessKeyId: 'ASIATEST', secretAccessKey: 'for an hour', sessionToken: 'a token' };
    server.credentials.set(session.accessKeyId, { ...session, expiresAt: Date.now() + 3_600_000 });
    const signer = await kmsSigner({ client: connect({ credentials: session }), keyId, retries: 3 });
    expect(await verify(message, await signer.sign(message), signer.publicKey)).toBe(true);
    server.credentials.set(session.accessKeyId, { ...session, expiresAt: Date.now() - 1 });
    server.reset();
    expect(await failure(signer.sign(message))).toEqual(['signer_unavailable', 'ExpiredTokenException']);
    expect(server.operations).toEqual(['Sign']);
  });

  it('says that nobody is there', async () => {
    const gone = await KmsServer.start();
    const lost = connect({ endpoint: gone.url });
    await gone.stop();
    const refused = kmsSigner({ client: lost, keyId: 'alias/issuer', retries: 1, retryDelayMs: 0 });
    expect((await failure(refused))[0]).toBe('signer_unavailable');
  });

  it('refuses other arguments', async () => {
    const keyId = await ed25519Key();
    for (const wrong of [undefined, null, {}, { send: 1 }]) {
      await expect(kmsSigner({ client: wrong as unknown as KmsClient, keyId })).rejects.toThrow(TypeError);
    }
    for (const wrong of [undefined, '', 7]) {
      await expect(kmsSigner({ client, keyId: wrong as string })).rejects.toThrow(TypeError);
    }
    for (const wrong of [{ timeoutMs: 0 }, { retries: -1 }, { retries: 11 }, { retryDelayMs: 0.5 }]) {
      await expect(kmsSigner({ client, keyId, ...wrong })).rejects.toThrow(RangeError);
    }
  });
});

describe('kmsClient', () => {
  it('finds the service by itself, or by a region, and is over when it is destroyed', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', server.url);
    vi.stubEnv('AWS_ACCESS_KEY_ID', credential.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', credential.secretAccessKey);
    vi.stubEnv('AWS_REGION', 'us-east-1');
    try {
      const keyId = await createKey();
      const sealed = await kmsSealer({ client, keyId }).seal(message, aad);
      for (const own of [kmsClient(), kmsClient({ region: 'us-east-1' })]) {
        expect(await kmsSealer({ client: own, keyId }).open(sealed, aad)).toEqual(message);
        own.destroy();
        expect(await failure(kmsSealer({ client: own, keyId }).open(sealed, aad))).toEqual([
          'signer_unavailable',
          'Error',
        ]);
      }
      kmsClient().destroy(); // was never asked
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('refuses a region that is none', () => {
    for (const region of ['', 7, null])
      expect(() => kmsClient({ region: region as unknown as string })).toThrow(TypeError);
  });
});

describe('kmsKeyPair', () => {
  async function encrypted(seed: Uint8Array, context?: Record<string, string>) {
    const KeyId = await createKey();
    const input = { KeyId, Plaintext: seed, ...(context && { EncryptionContext: context }) };
    const { CiphertextBlob } = await client.send(new EncryptCommand(input));
    return { keyId: KeyId, ciphertextBlob: CiphertextBlob as Uint8Array };
  }

  it('is the pair whose seed the KMS had encrypted', async () => {
    const pair = await generateKeyPair();
    const context = { purpose: 'issuer' };
    const sealed = await encrypted(pair.privateKey, context);
    const opened = await kmsKeyPair({ client, ...sealed, encryptionContext: context });
    expect(opened.did).toBe(pair.did);
    expect(hexOf(opened.privateKey)).toBe(hexOf(pair.privateKey));
  });

  it('does what the client alone does, configured by its environment', async () => {
    const pair = await generateKeyPair();
    const { ciphertextBlob: encryptedKeyBlob } = await encrypted(pair.privateKey);
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', server.url);
    vi.stubEnv('AWS_ACCESS_KEY_ID', credential.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', credential.secretAccessKey);
    const kms = new KMSClient({ region: 'us-east-1' });
    try {
      const result = await kms.send(
        new DecryptCommand({
          CiphertextBlob: encryptedKeyBlob,
        }),
      );
      const keyPair = await keyPairFromPrivateKey(new Uint8Array(result.Plaintext!));
      expect(keyPair.did).toBe(pair.did);
      expect((await kmsKeyPair({ client: kms, ciphertextBlob: encryptedKeyBlob })).did).toBe(pair.did);
    } finally {
      kms.destroy();
      vi.unstubAllEnvs();
    }
  });

  it('wipes what the client handed over', async () => {
    const sealed = await encrypted(randomBytes(32));
    const seen: Uint8Array[] = [];
    const watched: KmsClient = {
      send: async (command) => {
        const answer = (await client.send(command)) as { Plaintext: Uint8Array };
        seen.push(answer.Plaintext);
        return answer;
      },
    };
    const pair = await kmsKeyPair({ client: watched, ...sealed });
    const sealer = kmsSealer({ client: watched, keyId: sealed.keyId });
    expect(await sealer.open(await sealer.seal(text('s'), aad), aad)).toEqual(text('s'));
    expect(seen.map((each) => hexOf(each))).toEqual(new Array(3).fill('00'.repeat(32)));
    expect(hexOf(pair.privateKey)).not.toBe('00'.repeat(32));
  });

  it.each<[string, (seed: string, text: string) => string]>([
    ['cut in the middle', (seed, text) => text.slice(0, text.indexOf(seed) + seed.length)],
    ['cut behind the seed', (seed, text) => text.slice(0, text.indexOf(seed) + seed.length + 1)],
    ['no JSON just where the seed stands', (seed, text) => text.replace(`"${seed}"`, seed)],
    ['no base64', (seed, text) => text.replace(seed, `${seed}!`)],
    ['an error that quotes it', (seed) => `{"__type": ${seed}}`],
  ])('shows nothing of the seed in its error when the answer is %s', async (_what, change) => {
    const seed = randomBytes(32);
    const base64 = Buffer.from(seed).toString('base64');
    const sealed = await encrypted(seed);
    server.play({ send: (answer) => change(base64, answer) });
    const error: unknown = await kmsKeyPair({ client, ...sealed }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CryptoError);
    const shown = inspect(error, {
      showHidden: true,
      depth: 30,
      maxArrayLength: null,
      maxStringLength: null,
    });
    for (let i = 0; i + 8 < base64.length; i++) expect(shown).not.toContain(base64.slice(i, i + 8));
    const sent = Buffer.from(base64);
    for (const form of [Buffer.from(seed), sent]) {
      expect(shown).not.toContain([...form.subarray(4, 12)].join(', '));
      expect(shown).not.toContain(form.toString('hex', 4, 12).replace(/..(?=.)/g, '$& '));
    }
  });

  it('does not open in another context, under another key, or changed', async () => {
    const { keyId, ciphertextBlob } = await encrypted(randomBytes(32), { purpose: 'issuer' });
    const right = { client, keyId, ciphertextBlob, encryptionContext: { purpose: 'issuer' } };
    const refused = ['signer_unavailable', 'InvalidCiphertextException'];
    expect(await failure(kmsKeyPair({ ...right, encryptionContext: { purpose: 'log' } }))).toEqual(refused);
    expect(await failure(kmsKeyPair({ ...right, encryptionContext: undefined }))).toEqual(refused);
    const changed = new Uint8Array([
      ...ciphertextBlob.slice(0, -1),
      0x55 ^ (ciphertextBlob.at(-1) as number),
    ]);
    expect(await failure(kmsKeyPair({ ...right, ciphertextBlob: changed }))).toEqual(refused);
    expect(await failure(kmsKeyPair({ ...right, keyId: await createKey() }))).toEqual([
      'signer_unavailable',
      'IncorrectKeyException',
    ]);
  });

  it('refuses what decrypts to something else than a seed', async () => {
    for (const length of [1, 31, 33, 64]) {
      const sealed = await encrypted(randomBytes(length));
      expect(await failure(kmsKeyPair({ client, ...sealed }))).toEqual(['signer_answer_wrong', undefined]);
    }
    for (const length of [0, 6_145]) {
      const ciphertextBlob = new Uint8Array(length);
      await expect(kmsKeyPair({ client, ciphertextBlob })).rejects.toThrow(RangeError);
    }
    await expect(kmsKeyPair({ client, ciphertextBlob: 'blob' as unknown as Uint8Array })).rejects.toThrow(
      TypeError,
    );
  });
});

describe('kmsSealer', () => {
  it('opens what it sealed, under a fresh data key each time', async () => {
    const sealer = kmsSealer({ client, keyId: await createKey(), encryptionContext: { ring: 'a' } });
    for (const plaintext of [new Uint8Array(), text('secret'), randomBytes(5_000)]) {
      const [one, two] = [await sealer.seal(plaintext, aad), await sealer.seal(plaintext, aad)];
      expect(hexOf(one)).not.toBe(hexOf(two));
      expect(await sealer.open(one, aad)).toEqual(plaintext);
      expect(await sealer.open(two, aad)).toEqual(plaintext);
    }
  });

  it('opens nothing else: any bit flipped, cut, of another record, key or context', async () => {
    const keyId = await createKey();
    const sealer = kmsSealer({ client, keyId, encryptionContext: { ring: 'a' } });
    const sealed = await sealer.seal(text('s'), aad);
    for (let i = 0; i < sealed.length; i++) {
      const copy = sealed.slice();
      copy[i] = (copy[i] as number) ^ (1 << (i % 8));
      expect(await rejection(sealer.open(copy, aad)), `byte ${i}`).toBe('decryption_failed');
    }
    for (let length = 0; length < sealed.length; length += 7) {
      expect(await rejection(sealer.open(sealed.slice(0, length), aad))).toBe('decryption_failed');
    }
    expect(await rejection(sealer.open(sealed, text('record 8')))).toBe('decryption_failed');
    for (const other of [
      kmsSealer({ client, keyId: await createKey(), encryptionContext: { ring: 'a' } }),
      kmsSealer({ client, keyId, encryptionContext: { ring: 'b' } }),
      kmsSealer({ client, keyId }),
    ]) {
      expect(await rejection(other.open(sealed, aad))).toBe('decryption_failed');
    }
  });

  it('tells a service that is gone from bytes that do not open', async () => {
    const sealer = kmsSealer({ client, keyId: await createKey() });
    const sealed = await sealer.seal(text('secret'), aad);
    for (const refuse of ['ThrottlingException', 'AccessDeniedException']) {
      server.play({ refuse }, { refuse });
      expect(await failure(sealer.open(sealed, aad))).toEqual(['signer_unavailable', refuse]);
      expect(await failure(sealer.seal(text('secret'), aad))).toEqual(['signer_unavailable', refuse]);
    }
    const short = (answer: object) => ({ ...answer, Plaintext: Buffer.alloc(16).toString('base64') });
    server.play(short, short, (answer) => ({ ...answer, CiphertextBlob: undefined }));
    expect((await failure(sealer.open(sealed, aad)))[0]).toBe('signer_answer_wrong');
    expect((await failure(sealer.seal(text('secret'), aad)))[0]).toBe('signer_answer_wrong');
    expect((await failure(sealer.seal(text('secret'), aad)))[0]).toBe('signer_answer_wrong');
  });

  it('refuses other arguments', async () => {
    const keyId = await createKey();
    expect(() => kmsSealer({ client, keyId: '' })).toThrow(TypeError);
    expect(() => kmsSealer({ client: {} as KmsClient, keyId })).toThrow(TypeError);
    const sealer = kmsSealer({ client, keyId });
    for (const wrong of [undefined, 'text', [1]] as unknown as Uint8Array[]) {
      await expect(sealer.seal(wrong, aad)).rejects.toThrow(TypeError);
      await expect(sealer.open(wrong, aad)).rejects.toThrow(TypeError);
      await expect(sealer.seal(aad, wrong)).rejects.toThrow(TypeError);
      await expect(sealer.open(aad, wrong)).rejects.toThrow(TypeError);
    }
  });
});
