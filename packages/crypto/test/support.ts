import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { CryptoError, type CryptoErrorCode } from '../src/index.js';
import { provider as node } from '../src/provider/node.js';
import { provider as web } from '../src/provider/web.js';

export const providers = [
  ['node', node],
  ['web', web],
] as const;

export const packageFolder = fileURLToPath(new URL('..', import.meta.url));

export function packageText(path: string): string {
  return readFileSync(`${packageFolder}/${path}`, 'utf8');
}

/** The one answer of both providers to a signature of any length. */
export function bothVerify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  const answers = providers.map(([, provider]) => provider.verify(message, signature, publicKey));
  expect(answers[0], 'both providers agree').toBe(answers[1]);
  return answers[0] as boolean;
}

export function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

export function hexOf(value: Uint8Array): string {
  return Buffer.from(value).toString('hex');
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** The error that a function throws, which must be a CryptoError. */
export function refusal(run: () => unknown): CryptoError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(CryptoError);
    return error as CryptoError;
  }
  throw new Error('nothing was refused');
}

export function codeOf(run: () => unknown): CryptoErrorCode {
  return refusal(run).code;
}

export async function rejection(promise: Promise<unknown>): Promise<CryptoErrorCode> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(CryptoError);
  return (outcome as CryptoError).code;
}
