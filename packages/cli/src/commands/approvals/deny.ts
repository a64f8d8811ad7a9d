import type { Command } from 'commander';
import { defineAnswer } from '../../lib/approvals/answer.js';
import type { Cli } from '../../lib/cli.js';

const HELP = `
Signs that the call may not be made. One denial by one who may approve is enough, and it is final: the monitor settles the request
when it sees it. The same refusals as for \`stele approvals approve\`.
Exit codes: 0 if it was signed, 1 if it was refused, 2 if the request is unknown or was changed in the store, or the key cannot be used.

Example:
  $ stele approvals deny urn:stele:approval:9f2c… --store covenants --key approver.key`;

export function define(command: Command, cli: Cli): void {
  defineAnswer(command, cli, 'deny', HELP);
}
