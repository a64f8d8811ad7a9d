/**
 * Derives the same key once in a test file. To open what a passphrase seals costs a good part of a second, by design, and these tests open
 * the same few files time and again; what comes out is the same. The packages that seal, and processes of their own, do without.
 */
import crypto, { type ScryptOptions } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { afterAll } from 'vitest';

type Answer = (error: Error | null, key: Buffer) => void;

const derive = crypto.scrypt;
const derived = new Map<string, Promise<Buffer>>();

function remembering(
  password: Uint8Array,
  salt: Uint8Array,
  length: number,
  options: ScryptOptions,
  answer: Answer,
): void {
  const [secret, grain] = [password, salt].map((bytes) => Buffer.from(bytes).toString('hex'));
  const asked = JSON.stringify([secret, grain, length, options]);
  let key = derived.get(asked);
  if (key === undefined) {
    key = new Promise((resolve, reject) =>
      derive(password, salt, length, options, (error, made) => (error ? reject(error) : resolve(made))),
    );
    derived.set(asked, key);
  }
  key.then(
    // A copy: whoever asks may wipe it.
    (made) => answer(null, Buffer.from(made)),
    (error: Error) => answer(error, Buffer.alloc(0)),
  );
}

function put(scrypt: typeof crypto.scrypt): void {
  crypto.scrypt = scrypt;
  syncBuiltinESMExports();
}

put(remembering as typeof crypto.scrypt);
afterAll(() => put(derive));
