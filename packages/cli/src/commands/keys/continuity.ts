import type { Command } from 'commander';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { continuityOf, predecessor, writeContinuity } from '../../lib/continuity.js';
import { refuseExisting } from '../../lib/files.js';
import { jsonText, printable } from '../../lib/output.js';
import { addPassphraseOptions, PASSPHRASE_HELP, type PassphraseFlags } from '../../lib/passphrase.js';
import { addRingOption, mended, openRing } from '../../lib/ring.js';

interface Flags extends PassphraseFlags {
  readonly ring: string;
  readonly out: string;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addPassphraseOptions(addRingOption(command))
    .requiredOption('--out <file>', 'where the statement goes, a new file')
    .addHelpText(
      'after',
      `
For a rotation that a service made, or one whose statement got lost. Both keys sign, so the one before must still be in its
overlap.
${PASSPHRASE_HELP}

Example:
  $ stele keys continuity --ring ring --passphrase-file passphrase --out continuity.json`,
    )
    .action(cli.does((flags: Flags) => continuity(flags, cli)));
}

async function continuity(flags: Flags, cli: Cli): Promise<ExitCode> {
  await refuseExisting(flags.out, 'name another file');
  const { manager } = await openRing(flags.ring, flags, cli);
  const statement = await mended(() => continuityOf(manager, predecessor(manager), manager.activeKey));
  await writeContinuity(flags.out, statement);
  const { oldKey, newKey } = statement;
  if (flags.json) cli.print(jsonText({ oldKey, newKey, file: flags.out }));
  else cli.print(`old key     ${oldKey}\nnew key     ${newKey}\ncontinuity  ${printable(flags.out)}`);
  return 0;
}
