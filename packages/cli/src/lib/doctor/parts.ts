/** What this installation is made of. */
import { isBuiltin } from 'node:module';
import { cryptoProvider, generateKeyPair, sign, verify } from '@stele/crypto';
import { messageOf } from '../input.js';
import { bad, type Finding, fine } from './finding.js';

const LEAST_NODE = [20, 19];

export function versions(stele: string, node = process.versions.node): Finding[] {
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_NODE as [number, number];
  const isEnough = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  const platform = `${node} on ${process.platform} ${process.arch}`;
  return [
    fine('stele', stele),
    isEnough
      ? fine('node', platform)
      : bad('node', `${platform}: at least ${LEAST_NODE.join('.')} is needed`),
  ];
}

/** Signs and verifies once with what is in use. */
export async function signatures(): Promise<Finding> {
  const message = new TextEncoder().encode('stele doctor');
  const { privateKey, publicKey } = await generateKeyPair();
  const signature = await sign(message, privateKey);
  const works =
    (await verify(message, signature, publicKey)) && !(await verify(signature, signature, publicKey));
  const name = cryptoProvider();
  return works
    ? fine('ed25519', `${name}, signs and verifies`)
    : bad('ed25519', `${name} does not verify its own signature`);
}

const OPTIONAL: Readonly<Record<string, string>> = {
  'sodium-native': 'faster signatures, once useSodium() is called',
  'better-sqlite3': 'stores, limits and key rings in SQLite',
  'node:sqlite': 'the same, of Node.js itself',
  '@aws-sdk/client-kms': 'keys in AWS KMS',
};

/** Optional parts: each there, not there, or there and broken. */
export async function optionalParts(): Promise<Finding[]> {
  return Promise.all(Object.entries(OPTIONAL).map(([name, what]) => optionalPart(name, what)));
}

export async function optionalPart(name: string, what: string): Promise<Finding> {
  try {
    const isThere = name.startsWith('node:') ? isBuiltin(name) : await loads(name);
    return fine(name, `${isThere ? 'there' : 'not there'} (${what})`);
  } catch (error) {
    return bad(name, `installed, but does not work: ${messageOf(error).split('\n')[0]}`);
  }
}

const ABSENT = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'];

/** False for what is not installed. @throws what a broken installation throws */
async function loads(name: string): Promise<boolean> {
  const loaded = await import(/* @vite-ignore */ name).catch((error: NodeJS.ErrnoException) => {
    if (ABSENT.includes(error.code ?? '')) return undefined;
    throw error;
  });
  // This one loads without its compiled part, and fails only when a database is opened.
  if (name === 'better-sqlite3' && loaded !== undefined) new loaded.default(':memory:').close();
  return loaded !== undefined;
}
