/** What this package needs of the AWS SDK, told by shape: whoever brings a client brings the SDK. */
import { CryptoError } from '../errors.js';
import {
  type AttemptContext,
  type AttemptOptions,
  type AttemptPolicy,
  attempt,
  attemptPolicy,
} from '../signer-attempts.js';

/** A `KMSClient` of `@aws-sdk/client-kms`. */
export interface KmsClient {
  send(command: never, options?: { abortSignal?: AbortSignal }): Promise<unknown>;
}

/** How a KMS is asked. */
export interface KmsOptions extends Pick<AttemptOptions, 'timeoutMs' | 'retries' | 'retryDelayMs'> {
  client: KmsClient;
}

/** Names and values that AWS binds to a ciphertext and writes to its own log: never a secret. */
export type EncryptionContext = Readonly<Record<string, string>>;

/** Builds one command of the SDK. */
type Build = (sdk: typeof import('@aws-sdk/client-kms')) => object;

/** What is read of an error of the SDK. */
interface SdkError extends Error {
  $fault?: 'client' | 'server';
  $metadata?: { httpStatusCode?: number };
}

/** A client with the way in which it is asked. */
export interface Kms {
  readonly policy: AttemptPolicy;
  /** Asks once. Every member of the answer may be missing. */
  send<T>(build: Build, context: AttemptContext): Promise<{ [K in keyof T]?: unknown }>;
  /** Asks as often as the policy has it. */
  ask<T>(build: Build): Promise<{ [K in keyof T]?: unknown }>;
}

/**
 * The SDK's client has retries of its own, so further ones are 0 unless asked for.
 * @throws {TypeError} if the client is none
 * @throws {RangeError} if a number is out of bounds
 */
export function kmsOf({ client, timeoutMs, retries = 0, retryDelayMs }: KmsOptions): Kms {
  if (typeof client?.send !== 'function') {
    throw new TypeError('client must be a KMSClient of @aws-sdk/client-kms');
  }
  const policy = attemptPolicy({ timeoutMs, retries, retryDelayMs, isTransient });
  const send: Kms['send'] = async (build, { signal }) => {
    const command = build(await loadSdk());
    try {
      return ((await client.send(command as never, { abortSignal: signal })) ?? {}) as object;
    } catch (error) {
      throw withoutAnswer(error);
    }
  };
  return { policy, send, ask: (build) => attempt('the KMS', policy, (context) => send(build, context)) };
}

/** The error for an answer without what was asked. */
export function wrongAnswer(missing: string): CryptoError {
  return new CryptoError('signer_answer_wrong', `the KMS answered without ${missing}`, {
    hint: 'Look whether the key id names the key that you mean, and the client the service.',
  });
}

/** True for our error over the KMS's word that a ciphertext is not one that this key made, in this context. */
export function isCiphertextRefused(error: unknown): boolean {
  if (!(error instanceof CryptoError) || error.code !== 'signer_unavailable') return false;
  const name = (error.cause as Partial<Error> | undefined)?.name;
  return name === 'InvalidCiphertextException' || name === 'IncorrectKeyException';
}

/** Loaded at the first request, so that nothing else of this package needs the SDK. */
export async function loadSdk(): Promise<typeof import('@aws-sdk/client-kms')> {
  try {
    return await import('@aws-sdk/client-kms');
  } catch (cause) {
    throw new CryptoError('signer_unavailable', 'the package @aws-sdk/client-kms could not be loaded', {
      cause,
      hint: 'Install it beside @stele/crypto: it is an optional peer.',
    });
  }
}

/**
 * The SDK hangs the whole answer on its errors, and the parser's message may quote from it: with a key in clear, if it was
 * the answer to `Decrypt`. What is left is what the service says of itself.
 */
function withoutAnswer(error: unknown): unknown {
  if (!(error instanceof Error) || !('$response' in error)) return error;
  const { name, message, $fault, $metadata } = error as SdkError;
  const told = new Error($fault === undefined ? 'the answer could not be read' : message);
  return Object.assign(told, { name, $fault, $metadata });
}

const BUSY = new Set(['ThrottlingException', 'TooManyRequestsException', 'LimitExceededException']);

/** What the service says of a request is final unless it says that it is busy; faults of its own and of the line pass. */
function isTransient(error: unknown): boolean {
  const { name, $fault, $metadata } = (error ?? {}) as Partial<SdkError>;
  const status = $metadata?.httpStatusCode;
  return (
    BUSY.has(name ?? '') || status === 429 || ($fault !== 'client' && name !== 'CredentialsProviderError')
  );
}
