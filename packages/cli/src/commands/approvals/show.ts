import type { Command } from 'commander';
import { addCovenantOptions, type CovenantFlags, givenCovenants } from '../../lib/approvals/covenants.js';
import {
  type ApprovalFlags,
  addStoreOption,
  REQUEST_ARGUMENT,
  readRequest,
  withStore,
} from '../../lib/approvals/request.js';
import { asJson, asText } from '../../lib/approvals/show.js';
import { standingOf } from '../../lib/approvals/standing.js';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { ENCRYPTION_HELP } from '../../lib/encryption-keys.js';
import { jsonText } from '../../lib/output.js';

type Flags = ApprovalFlags & CovenantFlags;

export function define(command: Command, cli: Cli): void {
  addCovenantOptions(addStoreOption(command.argument('<request>', REQUEST_ARGUMENT)))
    .addHelpText('after', HELP)
    .action(cli.does((id: string, flags: Flags) => show(id, flags, cli)));
}

const HELP = `
Everything that an approver signs for: the call with its arguments, who asks, which covenants govern it and which of their statements ask for
approval, until when, and who has signed. Whom the host of the agent names as approvers is not known here.
Exit codes: 0, or 2 if the request is unknown or was changed in the store.
${ENCRYPTION_HELP}

Example:
  $ stele approvals show urn:stele:approval:9f2c… --store covenants`;

async function show(id: string, flags: Flags, cli: Cli): Promise<ExitCode> {
  const given = await givenCovenants(flags, cli.streams);
  return withStore<ExitCode>(flags, async (store) => {
    const record = await readRequest(store, id);
    const standing = await standingOf(record, store, { given, trust: flags.trust, now: new Date() });
    cli.print(
      flags.json ? jsonText(asJson(record, standing)) : asText(record, standing, cli.streams.stdout.columns),
    );
    return 0;
  });
}
