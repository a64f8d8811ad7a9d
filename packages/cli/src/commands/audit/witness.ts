import { mkdir } from 'node:fs/promises';
import { parseVerifierKey, Witness, type WitnessedLog } from '@stele/audit';
import { didFromPublicKey } from '@stele/crypto';
import { isSteleError } from '@stele/types/errors';
import type { Command } from 'commander';
import { type Address, parseAddress } from '../../lib/audit/address.js';
import { untilStopped } from '../../lib/audit/until-stopped.js';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { CliError } from '../../lib/errors.js';
import { unwritable } from '../../lib/files.js';
import { messageOf } from '../../lib/input.js';
import { KEY_OPTION, readSigner } from '../../lib/keys.js';
import { jsonText, printable } from '../../lib/output.js';
import { addPassphraseOptions, PASSPHRASE_HELP, type PassphraseFlags } from '../../lib/passphrase.js';
import { many } from '../../lib/verify-flags.js';

interface Flags extends PassphraseFlags {
  readonly listen: string;
  readonly state: string;
  readonly key: string;
  readonly log: string[];
  readonly name?: string;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addPassphraseOptions(
    command
      .requiredOption('--listen <host:port>', 'where it answers, such as 127.0.0.1:7780; port 0 for any')
      .requiredOption('--state <folder>', 'where it remembers the newest checkpoint of each log')
      .requiredOption('--key <file>', `its own private key, for the use witness: ${KEY_OPTION}`)
      .addOption(
        many('--log <vkey>', 'the verifier key of a log that it watches; repeatable').makeOptionMandatory(),
      )
      .option('--name <name>', 'how it signs, such as witness.example/w1; its did:key if not given'),
  )
    .addHelpText('after', HELP)
    .action(cli.does((flags: Flags) => witness(flags, cli)));
}

const HELP = `
Answers POST /add-checkpoint (c2sp.org/tlog-witness): it cosigns a checkpoint if the log has only grown since the one before, and
refuses forks and rollbacks. So that this is worth something, others than the operator of the log must run it, on another machine.
It remembers each checkpoint before it signs: an older copy of the state folder put back would let a log fork unseen. It speaks HTTP;
for others than this machine put a proxy with TLS before it. It runs until SIGINT or SIGTERM.
With --json it prints one JSON object once it listens.
${PASSPHRASE_HELP}

Example:
  $ stele audit witness --listen 127.0.0.1:7780 --state witness --key witness.key \\
      --log audit.example/refunds+7f3a9b1c+Aa… --name witness.example/w1`;

async function witness(flags: Flags, cli: Cli): Promise<ExitCode> {
  const address = parseAddress(flags.listen, '--listen');
  const logs = logsOf(flags.log);
  const signer = await readSigner(flags.key, flags, cli);
  const name = flags.name ?? didFromPublicKey(signer.publicKey);
  await mkdir(flags.state, { recursive: true, mode: 0o700 }).catch((error) => {
    throw unwritable(flags.state, error);
  });
  const onError = (error: unknown) => cli.printError(`stele: ${printable(messageOf(error), 400)}`);
  const opened = await openWitness(flags.state, { name, signer, logs, onError });
  await serve(opened, address, flags, cli);
  return 0;
}

async function openWitness(...[folder, options]: Parameters<typeof Witness.open>): Promise<Witness> {
  try {
    return await Witness.open(folder, options);
  } catch (error) {
    if (isSteleError(error) || !(error instanceof RangeError)) throw error;
    throw new CliError('usage', messageOf(error), 'see --name');
  }
}

async function serve(opened: Witness, address: Address, { json }: Flags, cli: Cli): Promise<void> {
  const listening = await opened.listen(address).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(
      'usage',
      `cannot listen on ${address.host}:${address.port}: ${error.code ?? 'unknown error'}`,
      'another process may have the port; 0 takes any that is free',
    );
  });
  try {
    await untilStopped(async (signal) => {
      const { url } = listening;
      cli.print(json ? jsonText({ url, key: opened.key }) : `listening on ${url}\nkey ${opened.key}`);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    });
  } finally {
    await listening.close();
  }
}

/** Each log once, with all keys that were named for it. */
function logsOf(texts: readonly string[]): WitnessedLog[] {
  const logs = new Map<string, string[]>();
  for (const text of texts) {
    const { name } = parsed(text);
    logs.set(name, [...(logs.get(name) ?? []), text]);
  }
  return [...logs].map(([origin, keys]) => ({ origin, keys }));
}

function parsed(text: string) {
  try {
    return parseVerifierKey(text);
  } catch (error) {
    if (!isSteleError(error)) throw error;
    throw new CliError(
      'key_malformed',
      '--log names no verifier key',
      'write name+hash+base64, as the log shows it',
    );
  }
}
