/** Verifying a covenant from files: the same options wherever a command takes a signed covenant. */
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
import { type Command, Option } from 'commander';
import type { Streams } from './cli.js';
import { CliError } from './errors.js';
import { isRecord, messageOf, nameOf, readBytes, readJson } from './input.js';
import { printable } from './output.js';
import { parsePoint } from './times.js';

/** The options that `addVerifyOptions` defines, as commander hands them over. */
export interface VerifyFlags {
  readonly trust?: string[];
  readonly parent?: string[];
  readonly revocation?: string[];
  readonly countersigner?: string[];
  readonly now?: string;
}

const FLAGS = ['trust', 'parent', 'revocation', 'countersigner', 'now'] as const;

/** An option that may be given several times. */
export function many(flags: string, description: string): Option {
  return new Option(flags, description).argParser((value: string, before: string[] = []) => [
    ...before,
    value,
  ]);
}

export function addVerifyOptions(command: Command): Command {
  return command
    .addOption(many('--trust <did>', 'a did:key trusted as issuer or as root of the chain; repeatable'))
    .addOption(many('--parent <file>', 'a covenant of the chain above; repeatable'))
    .addOption(many('--revocation <file>', 'a revocation to look at; repeatable'))
    .addOption(many('--countersigner <did>', 'a did:key whose signature is demanded; repeatable'))
    .option('--now <time>', 'verify as of this time (2027-02-19T03:00:00Z) instead of the present');
}

/**
 * For a file that is not signed: options that could not do anything are an error, not ignored.
 * @throws CliError `usage`
 */
export function refuseVerifyFlags(flags: VerifyFlags): void {
  const given = FLAGS.find((name) => flags[name] !== undefined);
  if (given === undefined) return;
  throw new CliError(
    'usage',
    `--${given} needs a signed covenant (.json)`,
    'leave it out for a bare .ccl file',
  );
}

/**
 * Verifies the covenant of a file. What is JSON but no valid covenant gives failed checks.
 * @throws CliError for files that cannot be read, or are not JSON
 */
export async function verifyFile(path: string, flags: VerifyFlags, streams: Streams): Promise<Verification> {
  const options = await verifyOptions(flags, streams);
  const bytes = await readBytes(path, streams, MAX_FILE);
  try {
    return await verifyCovenant(parseCovenant(bytes), options);
  } catch (error) {
    refuseOtherText(bytes, path);
    return unreadableCovenant(messageOf(error));
  }
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
    ...(flags.trust === undefined ? {} : { trust: flags.trust }),
    ...(flags.countersigner === undefined ? {} : { countersigners: flags.countersigner }),
  };
  return { ...options, resolve: resolver(parents.filter(isRecord), options) };
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

/** The checks for a person, one a line. */
export function checkLines({ checks }: Verification): string {
  const sign = (check: CheckResult) => (check.passed ? '✓' : check.warning ? '!' : '✗');
  return checks
    .map((check) => `  ${sign(check)} ${check.name.padEnd(16)}  ${printable(check.message, 400)}`)
    .join('\n');
}
