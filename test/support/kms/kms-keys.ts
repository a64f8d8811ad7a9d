/** The keys of the loopback KMS and what it does with them, with the limits and errors of the real one. */
import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
  sign,
  verify,
} from 'node:crypto';

export type Answer = Record<string, unknown>;

export class KmsError extends Error {
  constructor(
    name: string,
    readonly status = 400,
    message = `refused with ${name}`,
  ) {
    super(message);
    this.name = name;
  }
}

interface Key {
  id: string;
  arn: string;
  spec: string;
  usage: string;
  enabled: boolean;
  secret: KeyObject | Buffer;
}

const ED25519 = 'ECC_NIST_EDWARDS25519';

export class KmsKeys {
  readonly #keys = new Map<string, Key>();
  readonly #aliases = new Map<string, string>();

  /** Points an alias at a key, also another one than before. */
  alias(name: string, keyId: string): void {
    this.#aliases.set(name, keyId);
  }

  disable(keyId: string): void {
    this.#find(keyId).enabled = false;
  }

  /** The private half of a key, which the real service never gives away. */
  secretOf(keyId: string): KeyObject | Buffer {
    return this.#find(keyId).secret;
  }

  answer(operation: string, input: Answer): Answer {
    const run = this.#operations[operation];
    if (run === undefined) throw new KmsError('UnknownOperationException');
    return run(input);
  }

  readonly #operations: Record<string, (input: Answer) => Answer> = {
    CreateKey: ({ KeySpec = 'SYMMETRIC_DEFAULT', KeyUsage = 'ENCRYPT_DECRYPT' }) => {
      const id = randomUUID();
      const arn = `arn:aws:kms:us-east-1:111122223333:key/${id}`;
      const secret = makeSecret(KeySpec as string);
      const key = { id, arn, spec: KeySpec as string, usage: KeyUsage as string, enabled: true, secret };
      this.#keys.set(id, key);
      return { KeyMetadata: { KeyId: id, Arn: arn, KeySpec, KeyUsage, Enabled: true, KeyState: 'Enabled' } };
    },
    GetPublicKey: ({ KeyId }) => {
      const key = this.#find(KeyId, 'SIGN_VERIFY');
      const PublicKey = createPublicKey(key.secret as KeyObject)
        .export({ format: 'der', type: 'spki' })
        .toString('base64');
      const SigningAlgorithms =
        key.spec === ED25519 ? ['ED25519_SHA_512', 'ED25519_PH_SHA_512'] : ['ECDSA_SHA_256'];
      return { KeyId: key.arn, KeySpec: key.spec, KeyUsage: key.usage, PublicKey, SigningAlgorithms };
    },
    Sign: (input) => {
      const key = this.#find(input.KeyId, 'SIGN_VERIFY');
      const signature = sign(null, message(input), key.secret as KeyObject);
      return {
        KeyId: key.arn,
        Signature: signature.toString('base64'),
        SigningAlgorithm: input.SigningAlgorithm,
      };
    },
    Verify: (input) => {
      const key = this.#find(input.KeyId, 'SIGN_VERIFY');
      const valid = verify(
        null,
        message(input),
        createPublicKey(key.secret as KeyObject),
        bytes(input.Signature),
      );
      if (!valid) throw new KmsError('KMSInvalidSignatureException');
      return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: input.SigningAlgorithm };
    },
    Encrypt: ({ KeyId, Plaintext, EncryptionContext }) => {
      const key = this.#find(KeyId, 'ENCRYPT_DECRYPT');
      return { KeyId: key.arn, CiphertextBlob: wrap(key, bytes(Plaintext), EncryptionContext) };
    },
    GenerateDataKey: ({ KeyId, KeySpec, EncryptionContext }) => {
      const key = this.#find(KeyId, 'ENCRYPT_DECRYPT');
      if (KeySpec !== 'AES_256') throw new KmsError('ValidationException');
      const data = randomBytes(32);
      return {
        KeyId: key.arn,
        Plaintext: data.toString('base64'),
        CiphertextBlob: wrap(key, data, EncryptionContext),
      };
    },
    Decrypt: ({ KeyId, CiphertextBlob, EncryptionContext }) => {
      const blob = bytes(CiphertextBlob);
      const key = this.#keys.get(blob.toString('latin1', 0, 36));
      if (key === undefined) throw new KmsError('InvalidCiphertextException');
      if (KeyId !== undefined && this.#find(KeyId) !== key) throw new KmsError('IncorrectKeyException');
      return { KeyId: key.arn, Plaintext: unwrap(key, blob, EncryptionContext) };
    },
  };

  #find(name: unknown, usage?: string): Key {
    const id = this.#aliases.get(String(name)) ?? String(name);
    const key = this.#keys.get(id.replace(/^arn:.*:key\//, ''));
    if (key === undefined) throw new KmsError('NotFoundException');
    if (!key.enabled) throw new KmsError('DisabledException');
    if (usage !== undefined && key.usage !== usage) throw new KmsError('InvalidKeyUsageException');
    return key;
  }
}

function makeSecret(spec: string): KeyObject | Buffer {
  if (spec === 'SYMMETRIC_DEFAULT') return randomBytes(32);
  if (spec === ED25519) return generateKeyPairSync('ed25519').privateKey;
  if (spec === 'ECC_NIST_P256') return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  throw new KmsError('UnsupportedOperationException');
}

function message({ Message, MessageType = 'RAW', SigningAlgorithm }: Answer): Buffer {
  const data = bytes(Message);
  if (MessageType !== 'RAW' || SigningAlgorithm !== 'ED25519_SHA_512')
    throw new KmsError('ValidationException');
  if (data.length < 1 || data.length > 4_096) throw new KmsError('ValidationException');
  return data;
}

function bytes(base64: unknown): Buffer {
  return Buffer.from(String(base64), 'base64');
}

/** The key's id (36), a nonce (12), a tag (16), the ciphertext; the context is authenticated. */
function wrap(key: Key, data: Buffer, context: unknown): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key.secret as Buffer, nonce).setAAD(aad(context));
  const sealed = Buffer.concat([cipher.update(data), cipher.final()]);
  return Buffer.concat([Buffer.from(key.id), nonce, cipher.getAuthTag(), sealed]).toString('base64');
}

function unwrap(key: Key, blob: Buffer, context: unknown): string {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.secret as Buffer, blob.subarray(36, 48));
    decipher.setAAD(aad(context)).setAuthTag(blob.subarray(48, 64));
    return Buffer.concat([decipher.update(blob.subarray(64)), decipher.final()]).toString('base64');
  } catch {
    throw new KmsError('InvalidCiphertextException');
  }
}

function aad(context: unknown): Buffer {
  const entries = Object.entries((context ?? {}) as Record<string, string>).sort();
  return Buffer.from(JSON.stringify(entries));
}
