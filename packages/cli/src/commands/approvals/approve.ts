import type { Command } from 'commander';
import { defineAnswer } from '../../lib/approvals/answer.js';
import type { Cli } from '../../lib/cli.js';

const HELP = `
Shows the request as it was hashed here, then signs it. It is not signed if it is closed, expired or denied, if one of its covenants is not in
the store (or given with --covenant), is revoked or does not hold, or if the key could not count: no covenant names it, or the call is
its own. The agent makes the same call again to use the approval.
Exit codes: 0 if it was signed, 1 if it was refused, 2 if the request is unknown or was changed in the store, or the key cannot be used.

Examples:
  $ stele approvals approve urn:stele:approval:9f2c… --store covenants --key approver.key
  $ stele approvals approve urn:stele:approval:9f2c… --store covenants --key ring --passphrase-file passphrase --yes`;

export function define(command: Command, cli: Cli): void {
  defineAnswer(command, cli, 'approve', HELP);
}
