import type { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import type { Cli, ExitCode } from '../lib/cli.js';
import { clock } from '../lib/doctor/clock.js';
import type { Finding } from '../lib/doctor/finding.js';
import { optionalParts, signatures, versions } from '../lib/doctor/parts.js';
import { keyFile, keyRing } from '../lib/doctor/places.js';
import { jsonText, printable } from '../lib/output.js';
import { MAX_AGE } from '../lib/ring.js';
import { parseSpan } from '../lib/times.js';

interface Flags {
  readonly ring?: string;
  readonly key?: string;
  readonly maxAge: string;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  command
    .option('--ring <folder>', 'look over this key ring, too')
    .option('--key <file>', 'look over this key file, too')
    .option('--max-age <span>', 'the age from which the active key of the ring is due for rotation', MAX_AGE)
    .addHelpText(
      'after',
      `
It needs no passphrase, changes nothing and asks no server. Optional parts may be there or not; what is broken, open to others
or overdue is found, and the exit code is 1.

Example:
  $ stele doctor --ring ring`,
    )
    .action(cli.does((flags: Flags) => doctor(flags, cli)));
}

async function doctor({ ring, key, maxAge, json }: Flags, cli: Cli): Promise<ExitCode> {
  parseSpan(maxAge, '--max-age');
  const findings = [
    ...versions(manifest.version),
    await signatures(),
    ...(await optionalParts()),
    clock(),
    ...(key === undefined ? [] : await keyFile(key)),
    ...(ring === undefined ? [] : await keyRing(ring, maxAge)),
  ];
  const ok = findings.every((finding) => finding.ok);
  cli.print(json ? jsonText({ ok, findings }) : asText(findings));
  return ok ? 0 : 1;
}

function asText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  return findings
    .map(({ name, ok, message }) => `  ${ok ? '✓' : '✗'} ${name.padEnd(width)}  ${printable(message, 400)}`)
    .join('\n');
}
