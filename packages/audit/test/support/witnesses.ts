import { generateKeyPair, type KeyPair } from '@stele/crypto';
import { temporaryFolder } from '../../../../test/support/folders.js';
import { formatAddCheckpoint } from '../../src/lib/witness-protocol.js';
import { Witness, type WitnessOptions } from '../../src/witness.js';
import type { NumberedLog } from './logs.js';

export { temporaryFolder } from '../../../../test/support/folders.js';

export const WITNESS_NAME = 'witness.example/w1';

/** A witness of logs, in a folder of its own unless one is given. */
export async function witnessOf(
  logs: readonly NumberedLog[],
  options: { folder?: string; pair?: KeyPair } & Partial<WitnessOptions> = {},
): Promise<Witness> {
  const { folder = temporaryFolder(), pair = await generateKeyPair(), ...rest } = options;
  return Witness.open(folder, {
    name: WITNESS_NAME,
    signer: pair,
    logs: logs.map(({ origin, key }) => ({ origin, keys: [key.publicKey] })),
    ...rest,
  });
}

/** The request that leads from one size of a log to another, with the right proof. */
export async function requestBody(log: NumberedLog, old: number, size: number): Promise<Uint8Array> {
  const hashes = old > size ? [] : await log.consistency(old, size);
  return Buffer.from(formatAddCheckpoint({ old, hashes, checkpoint: await log.checkpoint(size) }));
}
