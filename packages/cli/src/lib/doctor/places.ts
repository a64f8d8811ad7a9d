/** Key files and key rings: who may read them, and what state they are in. */
import { readFile, stat } from 'node:fs/promises';
import type { KeyRingDescription } from '@stele/crypto';
import { isExposed } from '../files.js';
import { isRecord, messageOf, reasonOf } from '../input.js';
import { policyOf } from '../key-ages.js';
import { exposedStates, newestOf, readRing } from '../ring.js';
import { bad, type Finding, fine } from './finding.js';

const MAX_KEY_FILE_BYTES = 16_384;

/** A file or folder of one's own, that nobody else may open. */
async function access(name: string, path: string): Promise<Finding> {
  try {
    const stats = await stat(path);
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    if (isExposed(stats)) return bad(name, `others may open it (mode ${mode}): chmod go= it`);
    const own = process.getuid?.();
    if (own !== undefined && stats.uid !== own)
      return bad(name, `it belongs to the user ${stats.uid}, and this is ${own}`);
    return fine(name, `yours alone (mode ${mode})`);
  } catch (error) {
    return bad(name, `cannot be looked at: ${reasonOf(error)}`);
  }
}

/** Permissions and content of a key file; its path is in no message, since it might be a key. */
export async function keyFile(path: string): Promise<Finding[]> {
  const found = await access('key file', path);
  return found.message.startsWith('cannot') ? [found] : [found, await sealing(path)];
}

async function sealing(path: string): Promise<Finding> {
  const name = 'key';
  try {
    const { size } = await stat(path);
    if (size > MAX_KEY_FILE_BYTES) return bad(name, 'the file is too large for a key');
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (isRecord(value) && value.type === 'SteleKeyFile') return fine(name, 'under a passphrase');
    if (isRecord(value) && value.kty === 'OKP')
      return bad(name, 'in clear: stele keys import puts it under a passphrase');
  } catch {
    // What the file holds is not repeated.
  }
  return bad(name, 'the file holds no key');
}

/** Permissions, history and age of a key ring, and whether the clock agrees with it. */
export async function keyRing(path: string, maxAge: string): Promise<Finding[]> {
  const found = [await access('key ring', path)];
  try {
    const exposed = await exposedStates(path);
    if (exposed.length > 0)
      found.push(bad('key ring files', `others may read ${exposed.join(', ')}: chmod go= it`));
    const ring = await readRing(path);
    return [...found, age(ring, maxAge), ringClock(ring)];
  } catch (error) {
    return [...found, bad('key ring history', messageOf(error))];
  }
}

function age(ring: KeyRingDescription, maxAge: string): Finding {
  const newest = newestOf(ring);
  const { due, ageDays, maxAgeDays } = policyOf(newest, maxAge);
  const said = `${newest.did} is ${newest.state}, ${ageDays} of ${maxAgeDays} days old`;
  return due ? bad('active key', `${said}: due for rotation`) : fine('active key', said);
}

const SKEW_MS = 60_000;

/** A ring only knows the past. */
function ringClock({ keys, revoked }: KeyRingDescription, now = Date.now()): Finding {
  const times = [
    ...keys.flatMap(({ createdAt, replacedAt, retiredAt }) => [createdAt, replacedAt, retiredAt]),
    ...revoked.map(({ revokedAt }) => revokedAt),
  ];
  const newest = times
    .filter((time) => time !== undefined)
    .sort()
    .at(-1) as string;
  return Date.parse(newest) <= now + SKEW_MS
    ? fine('clock and ring', `the last change was at ${newest}`)
    : bad(
        'clock and ring',
        `the last change was at ${newest}, which is yet to come: the clock is or was wrong`,
      );
}
