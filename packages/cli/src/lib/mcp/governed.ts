/** The monitor of a gateway: what governs, where limits are counted, and where decisions are recorded. */
import { AuditLog } from '@stele/audit';
import {
  createMonitor,
  MemorySink,
  type Monitor,
  type MonitorOptions,
  parseCovenant,
  SqliteLimits,
} from '@stele/sdk';
import { type Command, Option } from 'commander';
import type { Cli } from '../cli.js';
import { addEncryptionOptions, type EncryptionFlags, readEncryptionKeys } from '../encryption-keys.js';
import { CliError } from '../errors.js';
import { messageOf, nameOf, readBytes } from '../input.js';
import { KEY_OPTION, readSigner } from '../keys.js';
import { printable } from '../output.js';
import { addPassphraseOptions, type PassphraseFlags, refusePassphrase } from '../passphrase.js';
import { openNamedStore } from '../stores.js';
import { many } from '../verify-flags.js';

export interface MonitorFlags extends EncryptionFlags, PassphraseFlags {
  readonly covenant: string[];
  readonly trust?: string[];
  readonly agent?: string;
  readonly store?: string;
  readonly audience?: string;
  readonly limits?: string;
  readonly log?: string;
  readonly origin?: string;
  readonly key?: string;
}

export function addMonitorOptions(command: Command): Command {
  return addPassphraseOptions(
    addEncryptionOptions(
      command
        .addOption(
          many(
            '--covenant <file>',
            'a signed covenant (.json) that governs; repeatable, parents too',
          ).makeOptionMandatory(),
        )
        .addOption(many('--trust <did>', 'a did:key trusted as issuer or as root of the chain; repeatable'))
        .option('--agent <did>', 'who the agent is: covenants made for another one deny everything')
        .option('--store <store>', 'where parents and revocations are looked up')
        .option(
          '--audience <name>',
          'with --store: what this gateway is called to those who approve calls (`stele approvals`)',
        )
        .option('--limits <file>', 'where limits are counted (SQLite), by all gateways that share the file')
        .option('--log <folder>', 'the audit log that decisions are recorded in')
        .option('--origin <name>', 'with --log: what the log is called, once and for all'),
    ).addOption(new Option('--key <file>', `with --log: what signs it: ${KEY_OPTION}`)),
  );
}

/** A monitor, and what is to be closed with it. */
export interface Governed {
  readonly monitor: Monitor;
  close(): Promise<void>;
}

/**
 * Makes the monitor. Covenants that do not hold are an error: nothing would ever be permitted.
 * @throws CliError `covenant_invalid`, `usage`, and whatever the parts throw
 */
export async function openGoverned(flags: MonitorFlags, cli: Cli): Promise<Governed> {
  const closing: (() => void | Promise<void>)[] = [];
  const close = async () => {
    for (const one of closing.splice(0).reverse()) await one();
  };
  try {
    const options = await monitorOptions(flags, cli, closing);
    const monitor = await createMonitor(options);
    closing.push(() => monitor.close());
    if (monitor.covenants.length === 0) throw await whyNot(options);
    if (flags.limits === undefined && hasLimits(monitor))
      cli.printError(
        'stele: note: without --limits, limits are counted in this process alone, and anew at each start',
      );
    return { monitor, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function monitorOptions(
  flags: MonitorFlags,
  cli: Cli,
  closing: (() => void | Promise<void>)[],
): Promise<MonitorOptions> {
  const covenant = await Promise.all(flags.covenant.map((path) => readCovenant(path, cli)));
  const options: MonitorOptions = { covenant };
  if (flags.trust !== undefined) options.trust = flags.trust;
  if (flags.agent !== undefined) options.agent = flags.agent;
  const keys = await readEncryptionKeys(flags);
  if (flags.store !== undefined) {
    const { store } = await openNamedStore(flags.store, { keys });
    closing.push(() => store.close());
    options.store = store;
    if (flags.audience !== undefined) {
      const onProblem = (error: unknown) =>
        cli.printError(`stele: approvals: ${printable(messageOf(error), 400)}`);
      options.approvals = { audience: flags.audience, onProblem };
    }
  }
  if (flags.limits !== undefined) {
    const limits = new SqliteLimits(flags.limits);
    closing.push(() => limits.close());
    options.limits = limits;
  }
  const log = await openLog(flags, cli);
  // The monitor closes it.
  if (log !== undefined) options.sink = log;
  return options;
}

async function readCovenant(path: string, { streams }: Cli) {
  const bytes = await readBytes(path, streams);
  try {
    return parseCovenant(bytes);
  } catch (error) {
    throw new CliError(
      'covenant_invalid',
      `${nameOf(path)}: ${messageOf(error)}`,
      'name a covenant as `stele sign` writes it',
    );
  }
}

/**
 * Options that do nothing without others.
 * @throws CliError `usage`
 */
export function checkMonitorFlags(flags: MonitorFlags): void {
  const { covenant, log, origin, key, store, audience, encryptionKeyFile, passphraseFd } = flags;
  const usage = (message: string, hint: string) => new CliError('usage', message, hint);
  if (log === undefined && (origin !== undefined || key !== undefined))
    throw usage('--origin and --key are of use with --log only', 'leave them out');
  if (log !== undefined && (origin === undefined || key === undefined))
    throw usage('--log needs --origin and --key', 'give all three');
  if (log === undefined) refusePassphrase(flags);
  if (store === undefined && encryptionKeyFile !== undefined)
    throw usage('an encryption key is of use with --store only', 'leave it out');
  if (audience !== undefined && (store === undefined || audience === '' || audience.length > 256))
    throw usage(
      '--audience is a name of 1 to 256 characters, with --store',
      'name the store that approvals are kept in',
    );
  // The protocol has standard input.
  if (passphraseFd === 0 || covenant.includes('-'))
    throw usage('standard input is not free here', 'name a file');
}

async function openLog(
  { log, origin, key, ...flags }: MonitorFlags,
  cli: Cli,
): Promise<AuditLog | undefined> {
  if (log === undefined || origin === undefined || key === undefined) return undefined;
  const signer = await readSigner(key, flags, cli);
  const onProblem = (error: unknown) => cli.printError(`stele: the log: ${printable(messageOf(error), 400)}`);
  try {
    return await AuditLog.open(log, { signer, origin, onProblem });
  } catch (error) {
    if (error instanceof RangeError) throw new CliError('usage', printable(error.message), 'see --origin');
    throw error;
  }
}

/** Asks a monitor that records nothing. */
async function whyNot({ sink: _, ...options }: MonitorOptions): Promise<CliError> {
  const monitor = await createMonitor({ ...options, sink: new MemorySink() });
  const { reason, detail } = await monitor.check({ action: 'mcp', resource: '/' });
  const why = detail === undefined ? reason : `${reason}: ${detail}`;
  return new CliError('covenant_invalid', printable(why, 400), 'try: stele verify');
}

const hasLimits = ({ covenants }: Monitor) =>
  covenants.some(({ policy }) => policy.statements.some(({ kind }) => kind === 'limit'));
