// What the owner does once: make keys, sign the covenant, keep it encrypted, begin the log.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  AuditLog,
  buildCovenant,
  EncryptedStore,
  FileStore,
  formatVerifierKey,
  generateKeyPair,
  SqliteStore,
  StoreError,
  SubjectKeyFolder,
  verifierKey,
  verifyCovenant,
} from '@stele/sdk';

/** @typedef {import('@stele/sdk').CovenantDocument} CovenantDocument */
/** @typedef {import('@stele/sdk').KeyPair} KeyPair */
/** @typedef {import('@stele/sdk').CovenantStore} CovenantStore */

export async function makeKeys() {
  return { owner: await generateKeyPair(), agent: await generateKeyPair(), log: await generateKeyPair() };
}

/** @param {string} constraints @param {{ owner: KeyPair, agent: KeyPair }} keys @param {Date} now */
export function signCovenant(constraints, { owner, agent }, now) {
  return buildCovenant({
    issuer: { name: 'Bluebird Outdoor Shop' },
    beneficiary: { id: agent.did, name: 'customer-service agent' },
    constraints,
    expiresAt: new Date(now.getTime() + 30 * 24 * 3_600_000),
    signer: owner,
    now,
  });
}

/** A store with its encryption key, and what to call it. */
export function newStore(/** @type {string} */ folder) {
  const encryptionKey = new Uint8Array(randomBytes(32));
  const { store, kind } = openStore(folder, encryptionKey);
  return { store, kind, encryptionKey };
}

/** Names the log in every checkpoint, so that one log is never taken for another. */
const ORIGIN = 'bluebird.example/customer-service';

/**
 * What was decided about a customer is sealed beside the log, under a key of that customer.
 * @param {string} folder @param {string} keys the folder of the customers' keys @param {KeyPair} signer
 * @param {import('./day.mjs').DayClock} clock
 */
export async function openLog(folder, keys, signer, clock) {
  const log = await AuditLog.open(folder, {
    signer,
    origin: ORIGIN,
    clock: () => new Date(clock.now),
    values: { keys: new SubjectKeyFolder(keys), subject: customerOf },
  });
  return { log, key: formatVerifierKey(verifierKey(ORIGIN, signer.publicKey)) };
}

/** Whom an entry is about. @param {import('@stele/sdk').LogEntry} entry */
function customerOf(entry) {
  if (entry.kind !== 'decision') return undefined;
  const { session } = /** @type {{ session?: { customer?: string } }} */ (entry.context);
  return session?.customer;
}

/** SQLite where it loads, files where it does not. Encrypted either way. @param {string} folder @param {Uint8Array} encryptionKey */
export function openStore(folder, encryptionKey) {
  const { store, kind } = plainStore(folder);
  return { store: new EncryptedStore({ store, encryptionKey }), kind };
}

/** @param {string} folder */
function plainStore(folder) {
  try {
    const store = new SqliteStore(join(folder, 'covenants.db'));
    return { store, kind: `SQLite (${store.driver})` };
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'sqlite_unavailable') throw error;
    return { store: new FileStore(folder), kind: 'files, since no SQLite loads here' };
  }
}

/** @param {CovenantDocument | undefined} document @param {KeyPair} owner @param {Date} now */
export function verifyStored(document, owner, now) {
  return verifyCovenant(document, { trust: [owner.did], now });
}
