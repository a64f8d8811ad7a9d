import type { BackedStore } from '@stele/store';
import type { Command } from 'commander';
import { type ApprovalFlags, addStoreOption, isExpired, withStore } from '../../lib/approvals/request.js';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { confirm } from '../../lib/confirm.js';
import { ENCRYPTION_HELP } from '../../lib/encryption-keys.js';
import { CliError } from '../../lib/errors.js';
import { count, jsonText, printable } from '../../lib/output.js';
import { approvalsOf } from '../../lib/store/walk.js';
import { parseSpan } from '../../lib/times.js';

interface Flags extends ApprovalFlags {
  readonly expiredFor: string;
  readonly yes?: true;
}

export function define(command: Command, cli: Cli): void {
  addStoreOption(command)
    .option('--expired-for <span>', 'remove what expired so long ago: 1h, 7d; an hour at least', '1d')
    .option('--yes', 'do not ask whether it is meant')
    .addHelpText('after', HELP)
    .action(cli.does((flags: Flags) => prune(flags, cli)));
}

/** Clocks differ, and a request that was used must not be forgotten while its signatures still count anywhere. */
const LEAST_MS = 3_600_000;

const HELP = `
Removes requests that have expired, whatever became of them, with what was signed. What has not expired stays, also when it was used: as
long as its signatures count, the record is what keeps them from being used twice. Records that cannot be read stay, too.
Exit codes: 0, or 1 if a record could not be read.
${ENCRYPTION_HELP}

Example:
  $ stele approvals prune --store covenants --expired-for 30d --yes`;

async function prune(flags: Flags, cli: Cli): Promise<ExitCode> {
  const span = parseSpan(flags.expiredFor, '--expired-for');
  if (span < LEAST_MS) throw new CliError('usage', '--expired-for is less than an hour', 'write 1h or more');
  return withStore(flags, async (store, shown) => {
    const unreadable: string[] = [];
    const { expired, kept } = await sorted(store, Date.now() - span, unreadable);
    const asks = `this removes ${count(expired.length)} expired requests`;
    if (expired.length > 0) await confirm(asks, flags.yes === true, cli);
    for (const id of expired) await store.approvals.delete(id);
    const removed = expired.length;
    if (flags.json) cli.print(jsonText({ store: shown, removed, kept, unreadable }));
    else {
      for (const id of unreadable) cli.print(`record_corrupt  ${printable(id)}`);
      cli.print(`${count(removed)} requests removed, ${count(kept)} kept`);
    }
    return unreadable.length === 0 ? 0 : 1;
  });
}

/** @param before when what is to go had expired */
async function sorted(
  store: BackedStore,
  before: number,
  unreadable: string[],
): Promise<{ expired: string[]; kept: number }> {
  const expired: string[] = [];
  let kept = 0;
  for await (const { id, document } of approvalsOf(store, (error) => unreadable.push(error.id ?? ''))) {
    if (isExpired(document, before)) expired.push(id);
    else kept++;
  }
  return { expired, kept };
}
