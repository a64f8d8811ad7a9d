import type { Verification } from '@stele/sdk';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../lib/cli.js';
import { checkLines, jsonText, printable } from '../lib/output.js';
import { verifyFile } from '../lib/verification.js';
import { addVerifyOptions, type VerifyFlags } from '../lib/verify-flags.js';

interface Flags extends VerifyFlags {
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addVerifyOptions(command.argument('<covenant.json>', 'the covenant; - for standard input'))
    .addHelpText(
      'after',
      `
Without --trust it says whether the covenant is genuine, not whether its issuer may be believed: whoever names the files
vouches for them. Revocations are looked for only in the files given. What an authentic list names is revoked, stale or not; that
what it does not name is not revoked is sure only with --require-revocation-list. No number is remembered from run to run: whether
a list is older than one seen before, \`stele keys crl --check --highest-seen\` says.

Examples:
  $ stele verify covenant.json --trust did:key:z6Mk… --revocation revocation.json
  $ stele verify covenant.json --trust did:key:z6Mk… --continuity continuity.json --follow-continuity \\
      --revocation-list crl.json --list-issuer did:key:z6Mk… --require-revocation-list`,
    )
    .action(cli.does((path: string, flags: Flags) => verify(path, flags, cli)));
}

async function verify(path: string, flags: Flags, cli: Cli): Promise<ExitCode> {
  const verification = await verifyFile(path, flags, cli.streams);
  const { valid, checks, covenant } = verification;
  if (flags.json)
    cli.print(jsonText({ valid, ...(covenant === undefined ? {} : { id: covenant.id }), checks }));
  else cli.print(report(verification, flags));
  return valid ? 0 : 1;
}

function report(verification: Verification, flags: VerifyFlags): string {
  const { valid, covenant } = verification;
  if (!valid || covenant === undefined) return `${checkLines(verification)}\ninvalid`;
  const { id, issuer, beneficiary, expiresAt } = covenant;
  const party = (who: { id: string; name?: string }) =>
    printable(who.name === undefined ? who.id : `${who.id} (${who.name})`);
  const lines = [
    checkLines(verification),
    `valid        ${id}`,
    `issuer       ${party(issuer)}`,
    `beneficiary  ${party(beneficiary)}`,
    `expires      ${expiresAt ?? 'never'}`,
  ];
  if (flags.trust === undefined)
    lines.push('note: no --trust given, so this says nothing about who the issuer is');
  return lines.join('\n');
}
