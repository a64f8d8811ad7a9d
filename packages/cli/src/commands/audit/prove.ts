import { inclusionProof, proveEntry } from '@stele/audit';
import type { Command } from 'commander';
import { readHead } from '../../lib/audit/head.js';
import { LOG_ARGUMENT, openLog } from '../../lib/audit/log-name.js';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { CliError } from '../../lib/errors.js';
import { refuseExisting, writeNewText } from '../../lib/files.js';
import { jsonText, printable } from '../../lib/output.js';

interface Flags {
  readonly out?: string;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('<log>', LOG_ARGUMENT)
    .argument('<index>', 'of the entry, as its receipt says')
    .option('--out <file>', 'write it to this new file, such as decision.tlog-proof; else it is printed')
    .addHelpText('after', HELP)
    .action(cli.does((name: string, index: string, flags: Flags) => prove(name, index, flags, cli)));
}

const HELP = `
A proof is one text (c2sp.org/tlog-proof@v1): the entry, its way to the root of the tree, and the checkpoint with the signature of
the log. Whoever has the public key of the log can verify it without the log.

Examples:
  $ stele audit prove /var/lib/stele/audit 17 --out decision.tlog-proof
  $ stele audit verify decision.tlog-proof --key audit.example/refunds+7f3a9b1c+Aa…`;

async function prove(name: string, text: string, { out, json }: Flags, cli: Cli): Promise<ExitCode> {
  const index = Number(text);
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(index))
    throw new CliError('usage', `${printable(text, 64)} is no index of an entry`, 'write a number from 0');
  if (out !== undefined) await refuseExisting(out, 'name another file');
  const { shown, reader, close } = await openLog(name);
  try {
    // Both from one checkpoint, whatever is published meanwhile.
    const head = await readHead(reader, shown);
    const proof = await proveEntry(head.reader, index);
    const { leafHash, hashes, size } = await inclusionProof(head.reader, index);
    if (out !== undefined) await writeNewText(out, proof);
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
    if (json) {
      const shownProof = out === undefined ? { proof } : { file: out };
      const { origin, root } = head;
      const found = { origin, index, size, root, leafHash: hex(leafHash), hashes: hashes.map(hex) };
      cli.print(jsonText({ ...found, ...shownProof }));
    } else if (out === undefined) cli.streams.stdout.write(proof);
    else cli.print(`entry ${index} of ${printable(head.origin)} is proven by ${printable(out)}`);
    return 0;
  } finally {
    await close();
  }
}
