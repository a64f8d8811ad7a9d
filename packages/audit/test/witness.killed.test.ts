/**
 * A witness that is killed (SIGKILL) at random instants while it cosigns. It runs the built package. `STELE_KILLS` says
 * how many times, 5 when not given.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateKeyPair } from '@stele/crypto';
import { expect, it } from 'vitest';
import { parseCount } from '../src/lib/strict-text.js';
import { SIZE_TYPE } from '../src/lib/witness-protocol.js';
import { NumberedLog } from './support/logs.js';
import { requestBody, temporaryFolder, witnessOf } from './support/witnesses.js';

const KILLS = Number(process.env.STELE_KILLS ?? 5);
const VICTIM = fileURLToPath(new URL('./support/witness-victim.mjs', import.meta.url));
/** So many cosignatures go before the instant, at most; the rest is chance. */
const MOST = 6;
/** More entries than all of them get to. */
const SIZE = 100 + 40 * KILLS;

/** @returns the size of the last checkpoint whose cosignature has left the witness */
async function runUntilKilled(folder: string, requests: string, from: number): Promise<number> {
  const child = spawn(process.execPath, [VICTIM, folder, requests, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const enough = randomInt(1, MOST);
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > enough) setTimeout(() => child.kill('SIGKILL'), randomInt(0, 4));
  });
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  expect(code, 'it was killed').toBeNull();
  return Number(said.split('\n').slice(0, -1).at(-1) ?? from);
}

it(
  'a witness that is killed remembers every checkpoint whose cosignature has left it',
  async () => {
    const [log, pair, folder] = [
      await NumberedLog.make({ size: SIZE }),
      await generateKeyPair(),
      temporaryFolder(),
    ];
    const requests = join(temporaryFolder(), 'requests.json');
    const bodies = await Promise.all(log.leaves.map((_, old) => requestBody(log, old, old + 1)));
    writeFileSync(
      requests,
      JSON.stringify({
        origin: log.origin,
        key: Buffer.from(log.key.publicKey).toString('hex'),
        seed: Buffer.from(pair.privateKey).toString('hex'),
        requests: bodies.map((body) => Buffer.from(body).toString()),
      }),
    );
    let from = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const left = await runUntilKilled(folder, requests, from);
      const witness = await witnessOf([log], { folder, pair });
      const { status, type, body } = await witness.addCheckpoint(await requestBody(log, SIZE - 1, SIZE));
      expect([status, type]).toEqual([409, SIZE_TYPE]);
      const size = parseCount(body.trimEnd()) as number;
      // What it was about to answer when it was killed may be remembered too.
      expect(size === left || size === left + 1, `${left} cosigned, ${size} remembered`).toBe(true);
      const fork = log.forkedAt(size - 1);
      expect((await witness.addCheckpoint(await requestBody(fork, size, size))).status).toBe(409);
      expect((await witness.addCheckpoint(await requestBody(fork, size, size + 1))).status).toBe(422);
      expect((await witness.addCheckpoint(await requestBody(log, size - 1, size - 1))).status).toBe(409);
      from = size;
    }
  },
  60_000 + KILLS * 10_000,
);
