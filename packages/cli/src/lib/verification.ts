/** Verifying a covenant from files. */
import { isEd25519Did } from '@stele/crypto';
import {
  type CheckResult,
  type CovenantDocument,
  parseCovenant,
  parseJson,
  type Resolve,
  type Verification,
  type VerifyOptions,
  verifyCovenant,
} from '@stele/sdk';
import type { Streams } from './cli.js';
import { MAX_LIST_BYTES } from './crl/bounds.js';
import { CliError } from './errors.js';
import {
  isRecord,
  messageOf,
  nameOf,
  readBytes,
  readJson,
  readStatements,
  refuseTwoInputs,
} from './input.js';
import { printable } from './output.js';
import { parsePoint } from './times.js';
import type { VerifyFlags } from './verify-flags.js';

/**
 * Verifies the covenant of a file. What is JSON but no valid covenant gives failed checks.
 * @throws CliError for files that cannot be read, or are not JSON
 */
export async function verifyFile(path: string, flags: VerifyFlags, streams: Streams): Promise<Verification> {
  checkFlags(flags);
  const { parent = [], revocation = [], revocationList = [], continuity = [] } = flags;
  refuseTwoInputs(path, ...parent, ...revocation, ...revocationList, ...continuity);
  const options = await verifyOptions(flags, streams);
  const bytes = await readBytes(path, streams, MAX_FILE);
  try {
    return await verifyCovenant(parseCovenant(bytes), options);
  } catch (error) {
    refuseOtherText(bytes, path);
    return unreadableCovenant(messageOf(error));
  }
}

/**
 * Options that could do nothing without another one, and list issuers that are no did:key.
 * @throws CliError `usage`
 */
function checkFlags(flags: VerifyFlags): void {
  const { listIssuer = [], continuity, trust, revocationList } = flags;
  const other = listIssuer.find((did) => !isEd25519Did(did));
  if (other !== undefined)
    throw new CliError('usage', `--list-issuer is no did:key: ${printable(other, 64)}`);
  const needs = (option: string, needed: string) =>
    new CliError('usage', `--${option} does nothing without ${needed}`, 'give both, or leave it out');
  if (flags.requireRevocationList && listIssuer.length === 0)
    throw needs('require-revocation-list', '--list-issuer');
  if (listIssuer.length > 0 && revocationList === undefined && !flags.requireRevocationList)
    throw needs('list-issuer', '--revocation-list');
  if (flags.followContinuity && continuity === undefined) throw needs('follow-continuity', '--continuity');
  if (flags.followContinuity && trust === undefined) throw needs('follow-continuity', '--trust');
}

// Well above what a covenant may have, so that one that is too large is found invalid, not unreadable.
const MAX_FILE = 16 * 1024 * 1024;

function refuseOtherText(bytes: Buffer, path: string): void {
  try {
    JSON.parse(bytes.toString('utf8'));
  } catch {
    // The message of the strict parser says where, and quotes nothing.
    let where = 'not JSON';
    try {
      parseJson(bytes, { maxBytes: MAX_FILE });
    } catch (error) {
      where = messageOf(error);
    }
    throw new CliError('not_json', `${nameOf(path)}: ${where}`, 'name a covenant as `stele sign` writes it');
  }
}

/** Every check failed, because nothing could be read. */
async function unreadableCovenant(message: string): Promise<Verification> {
  const { checks } = await verifyCovenant(undefined);
  const structure: CheckResult = { name: 'structure', passed: false, message };
  return { valid: false, checks: checks.map((check) => (check.name === 'structure' ? structure : check)) };
}

async function verifyOptions(flags: VerifyFlags, streams: Streams): Promise<VerifyOptions> {
  const readAll = (paths: string[] = []) => Promise.all(paths.map((path) => readJson(path, streams)));
  const parents = await readAll(flags.parent);
  const revocations = await readAll(flags.revocation);
  const options: VerifyOptions = {
    now: flags.now === undefined ? new Date() : parsePoint(flags.now, '--now'),
    revocations: (id) => revocations.filter((revocation) => mayConcern(revocation, id)),
    reissues: (id) => parents.filter((parent) => isRecord(parent) && parent.reissues === id),
    ...(flags.trust === undefined ? {} : { trust: flags.trust }),
    ...(flags.countersigner === undefined ? {} : { countersigners: flags.countersigner }),
    ...(await keysOverTime(flags, streams)),
  };
  return { ...options, resolve: resolver(parents.filter(isRecord), options) };
}

/** What the files say of keys: who has followed whom, and what is revoked. */
async function keysOverTime(flags: VerifyFlags, streams: Streams): Promise<VerifyOptions> {
  const { listIssuer: issuers, revocationList: files } = flags;
  const lists: unknown[] = [];
  for (const file of files ?? []) lists.push(await readJson(file, streams, MAX_LIST_BYTES));
  return {
    ...(flags.continuity === undefined
      ? {}
      : { continuity: await readStatements(flags.continuity, streams) }),
    ...(flags.followContinuity ? { followContinuity: true } : {}),
    ...(files === undefined && issuers === undefined
      ? {}
      : { revocationLists: { issuers: issuers ?? [], lists } }),
    ...(flags.requireRevocationList ? { requireRevocationList: true } : {}),
  };
}

/** One that does not say which covenant it revokes may mean any: it then counts as unreadable, which denies. */
function mayConcern(revocation: unknown, id: string): boolean {
  return !isRecord(revocation) || typeof revocation.covenant !== 'string' || revocation.covenant === id;
}

/** Without anchors, whoever names the file of a root vouches for it, as for the covenant itself. */
function resolver(parents: readonly Readonly<Record<string, unknown>>[], options: VerifyOptions): Resolve {
  const byId = new Map(parents.map((parent) => [parent.id, parent as unknown as CovenantDocument]));
  return async (id) => {
    const document = byId.get(id);
    if (document === undefined || document.parent !== undefined || options.trust !== undefined)
      return document;
    const { covenant } = await verifyCovenant(document, options);
    return covenant ?? document;
  };
}
