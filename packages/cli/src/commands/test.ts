import { type Command, InvalidArgumentError } from 'commander';
import type { Cli, ExitCode } from '../lib/cli.js';
import { CliError } from '../lib/errors.js';
import { jsonText } from '../lib/output.js';
import { painter } from '../lib/paint.js';
import { findTables } from '../lib/test/find.js';
import { asJson, asText } from '../lib/test/report.js';
import { runTables } from '../lib/test/run.js';

interface Flags {
  readonly minCoverage?: number;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  command
    .argument(
      '[paths...]',
      'tables, or folders to look through for *.ccl.test.json; this folder if none is named',
    )
    .option(
      '--min-coverage <percent>',
      'fail unless so many statements of each covenant decided something',
      percent,
    )
    .addHelpText(
      'after',
      `
A table names a covenant beside it and says what it is to decide:
  {
    "covenant": "./refund.ccl",
    "cases": [
      { "name": "small refunds", "request": { "action": "payments.refund", "resource": "/orders/7" }, "expect": "permit" },
      { "name": "no deleting", "request": { "action": "orders.delete", "resource": "/orders/7" }, "expect": { "code": "no_matching_permit" } }
    ]
  }
"expect" is "permit", "deny" or an object: a "code" and, where they matter, a "line" that decides, all "obligations" by name and
all "limits" by line.
Exit codes: 0 all as expected, 1 a case fails or the coverage is too low, 2 a table that cannot be read, or none.

Examples:
  $ stele test
  $ stele test rules/refund.ccl.test.json --min-coverage 100`,
    )
    .action(cli.does((paths: string[], flags: Flags) => test(paths, flags, cli)));
}

async function test(paths: readonly string[], flags: Flags, cli: Cli): Promise<ExitCode> {
  const tables = await findTables(paths.length === 0 ? ['.'] : paths);
  if (tables.length === 0)
    throw new CliError(
      'no_tests',
      'there is no *.ccl.test.json here',
      'name a table, or a folder that has some',
    );
  const result = await runTables(tables, cli.streams);
  if (flags.json) cli.print(jsonText(asJson(result)));
  else cli.print(asText(result, flags.minCoverage, painter(cli.streams.stdout)));
  for (const { message, hint } of result.errors) cli.printProblem({ message, hint });
  if (result.errors.length > 0) return 2;
  const isLow = result.coverage.some(({ report }) => report.percent < (flags.minCoverage ?? 0));
  return result.failed > 0 || isLow ? 1 : 0;
}

function percent(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= 100) return Number(text);
  throw new InvalidArgumentError('It takes a whole number from 0 to 100.');
}
