import type { ApprovalListOptions, ApprovalRecord, BackedStore } from '@stele/store';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ApprovalFlags, addStoreOption, isExpired, withStore } from '../../lib/approvals/request.js';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { ENCRYPTION_HELP } from '../../lib/encryption-keys.js';
import { fold } from '../../lib/fold.js';
import { jsonText, printable } from '../../lib/output.js';

interface Flags extends ApprovalFlags {
  readonly state: 'open' | 'used' | 'denied' | 'void' | 'all';
  readonly audience?: string;
  readonly agent?: string;
  readonly covenant?: string;
  readonly limit: number;
}

export function define(command: Command, cli: Cli): void {
  addStoreOption(command)
    .addOption(
      new Option('--state <state>', 'which requests')
        .choices(['open', 'used', 'denied', 'void', 'all'])
        .default('open'),
    )
    .option('--audience <name>', 'those of this monitor')
    .option('--agent <id>', 'those of this agent')
    .option('--covenant <id>', 'those that this covenant governs')
    .option('--limit <n>', 'how many at most', wholeNumber, 100)
    .addHelpText('after', HELP)
    .action(cli.does((flags: Flags) => list(flags, cli)));
}

const HELP = `
Lists requests in order of their ids, open ones unless told otherwise. Signatures are counted as they stand there, not verified:
\`stele approvals show\` does that.
Exit codes: 0, or 1 if a record could not be read.
${ENCRYPTION_HELP}

Examples:
  $ stele approvals list --store covenants
  $ stele approvals list --store 'postgres://stele@db.example/app?schema=stele' --state all --agent https://acme.example/agents/refunds`;

async function list(flags: Flags, cli: Cli): Promise<ExitCode> {
  return withStore(flags, async (store, shown) => {
    const unreadable: string[] = [];
    const { records, more } = await found(store, flags, unreadable);
    const requests = records.map(rowOf);
    if (flags.json) cli.print(jsonText({ store: shown, requests, more, unreadable }));
    else {
      for (const row of requests) cli.print(textOf(row, cli.streams.stdout.columns));
      for (const id of unreadable) cli.print(`record_corrupt  ${printable(id)}`);
      if (requests.length === 0) cli.print('no requests');
      if (more) cli.print(`there are more than ${flags.limit}: raise --limit`);
    }
    return unreadable.length === 0 ? 0 : 1;
  });
}

async function found(
  { approvals }: BackedStore,
  { state, audience, agent, covenant, limit }: Flags,
  unreadable: string[],
): Promise<{ records: ApprovalRecord[]; more: boolean }> {
  const records: ApprovalRecord[] = [];
  const filter: ApprovalListOptions = { audience, agent, covenant, ...(state !== 'all' && { state }) };
  let cursor: string | undefined;
  do {
    const onCorrupt = ({ id = '' }: { id?: string }) => void unreadable.push(id);
    const page = await approvals.list({ ...filter, limit: limit - records.length, cursor, onCorrupt });
    records.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined && records.length < limit);
  return { records, more: cursor !== undefined };
}

function rowOf(record: ApprovalRecord) {
  const { request, state, approval, denial } = record;
  const { id, audience, agent, action, resource, obligations, requestedAt, expiresAt } = request;
  return {
    ...{ id, state, expired: isExpired(record), requestedAt, expiresAt },
    ...{ audience, agent, action, resource, obligations },
    ...{ approvals: approval?.proof.length ?? 0, denials: denial?.proof.length ?? 0 },
  };
}

function textOf(
  { id, state, expired, expiresAt, ...row }: ReturnType<typeof rowOf>,
  columns: number | undefined,
): string {
  const { audience, agent, action, resource, approvals, denials } = row;
  const asked = `  ${printable(action)} ${printable(resource)}  by ${printable(agent)}, of ${printable(audience)}`;
  return [
    `${id}  ${state}, ${expired ? 'expired' : 'until'} ${expiresAt}, ${approvals} approvals, ${denials} denials`,
    fold(asked, 2, columns),
  ].join('\n');
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (/^\d{1,4}$/.test(text) && number >= 1 && number <= 1000) return number;
  throw new InvalidArgumentError('It must be a whole number from 1 to 1,000.');
}
