import type { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import type { Cli, ExitCode } from '../lib/cli.js';
import { clock } from '../lib/doctor/clock.js';
import type { Finding } from '../lib/doctor/finding.js';
import { optionalParts, signatures, versions } from '../lib/doctor/parts.js';
import { keyFile, keyRing } from '../lib/doctor/places.js';
import { CliError } from '../lib/errors.js';
import { jsonText, printable } from '../lib/output.js';
import { MAX_AGE } from '../lib/ring.js';
import { parseSpan } from '../lib/times.js';

interface Flags {
  readonly ring?: string;
  readonly key?: string;
  readonly audit?: string;
  readonly auditHead?: string;
  readonly tools?: string;
  readonly maxAge: string;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  command
    .option('--ring <folder>', 'look over this key ring, too')
    .option('--key <file>', 'look over this key file, too')
    .option('--audit <log>', 'look over this audit log, too: its folder, SQLite file or postgres://…')
    .option('--audit-head <file>', 'where its host keeps the highest checkpoint, if not beside the folder')
    .option(
      '--tools <module>',
      'look whether the tools that it exports are guarded, too: this runs the module',
    )
    .option('--max-age <span>', 'the age from which the active key of the ring is due for rotation', MAX_AGE)
    .addHelpText(
      'after',
      `
It needs no passphrase, changes nothing and asks no server. Optional parts may be there or not; what is broken, open to others
or overdue is found, and the exit code is 1.
Of a module it looks at the export \`tools\`, else at the default export, else at all: tools under their names or in a list,
guarded as the program guards them. Tools that a middleware or a hook guards cannot be told from others, and are found.

Examples:
  $ stele doctor --ring ring
  $ stele doctor --tools ./dist/tools.js`,
    )
    .action(cli.does((flags: Flags) => doctor(flags, cli)));
}

async function doctor(flags: Flags, cli: Cli): Promise<ExitCode> {
  const { ring, key, maxAge, json } = flags;
  parseSpan(maxAge, '--max-age');
  const findings = [
    ...versions(manifest.version),
    await signatures(),
    ...(await optionalParts()),
    clock(),
    ...(key === undefined ? [] : await keyFile(key)),
    ...(ring === undefined ? [] : await keyRing(ring, maxAge)),
    ...(await auditFindings(flags)),
    ...(flags.tools === undefined ? [] : await (await import('../lib/doctor/tools.js')).guards(flags.tools)),
  ];
  const ok = findings.every((finding) => finding.ok);
  cli.print(json ? jsonText({ ok, findings }) : asText(findings));
  return ok ? 0 : 1;
}

/** What reads logs is loaded only for one. */
async function auditFindings({ audit, auditHead }: Flags): Promise<Finding[]> {
  if (audit !== undefined) return (await import('../lib/doctor/audit-log.js')).auditLog(audit, auditHead);
  if (auditHead === undefined) return [];
  throw new CliError('usage', '--audit-head needs a log', 'name it: --audit <log>');
}

function asText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  return findings
    .map(({ name, ok, message }) => `  ${ok ? '✓' : '✗'} ${name.padEnd(width)}  ${printable(message, 400)}`)
    .join('\n');
}
