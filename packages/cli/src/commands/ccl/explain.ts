import { explain, explanationText } from '@stele/ccl';
import type { Command } from 'commander';
import { compileFile } from '../../lib/ccl-file.js';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { jsonText } from '../../lib/output.js';
import { painter } from '../../lib/paint.js';
import { addRequestOptions, type RequestFlags, readRequest } from '../../lib/request.js';

interface Flags extends RequestFlags {
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addRequestOptions(command.argument('<file>', 'rules, or a covenant; - for standard input'))
    .addHelpText(
      'after',
      `
A line begins with * where the decision rests on it, + where it applies beside that, - where it does not apply. Values of the
context are shown.
Exit codes: 0 permitted, 1 denied, 2 bad input.

Examples:
  $ stele ccl explain rules.ccl payments.refund /orders/7 --arg amount=50
  $ stele ccl explain rules.ccl '{"action":"payments.refund","resource":"/orders/7"}'`,
    )
    .action(
      cli.does((file: string, action: string | undefined, resource: string | undefined, flags: Flags) =>
        run(file, { rules: file, action, resource }, flags, cli),
      ),
    );
}

async function run(
  file: string,
  places: Parameters<typeof readRequest>[0],
  flags: Flags,
  cli: Cli,
): Promise<ExitCode> {
  const request = await readRequest(places, flags, cli);
  const explanation = explain(await compileFile(file, cli.streams), request);
  cli.print(flags.json ? jsonText(explanation) : explanationText(explanation, painter(cli.streams.stdout)));
  return explanation.evaluation.permitted ? 0 : 1;
}
