import { analyze } from '@stele/ccl';
import type { Command } from 'commander';
import { type BudgetFlags, withBudget } from '../../lib/budget.js';
import { compileFile } from '../../lib/ccl-file.js';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { nameOf } from '../../lib/input.js';
import { jsonText } from '../../lib/output.js';

interface Flags extends BudgetFlags {
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  withBudget(command)
    .argument('<file>', 'rules, or a covenant; - for standard input')
    .addHelpText(
      'after',
      `
Finds statements that can never decide anything, conditions that can never be true, permits that a deny covers, limits that
can never bind, and the like.
Exit codes: 0 nothing found, 1 something found, 2 the file cannot be read or has a mistake.

Example:
  $ stele ccl analyze rules.ccl`,
    )
    .action(cli.does((file: string, flags: Flags) => run(file, flags, cli)));
}

async function run(file: string, flags: Flags, cli: Cli): Promise<ExitCode> {
  const findings = analyze(await compileFile(file, cli.streams), flags);
  if (flags.json) cli.print(jsonText({ file, findings }));
  else if (findings.length === 0) cli.print(`${nameOf(file)}: nothing found`);
  else
    for (const { kind, line, message } of findings) cli.print(`${nameOf(file)}:${line}: ${kind}: ${message}`);
  return findings.length === 0 ? 0 : 1;
}
