import { checkNarrowing, type Narrowing } from '@stele/ccl';
import type { Command } from 'commander';
import { type BudgetFlags, openBecause, withBudget } from '../../lib/budget.js';
import { compileFile } from '../../lib/ccl-file.js';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { nameOf, refuseTwoInputs } from '../../lib/input.js';
import { jsonText } from '../../lib/output.js';
import { checkCommand } from '../../lib/request.js';

interface Flags extends BudgetFlags {
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  withBudget(command)
    .argument('<child>', 'the rules that must permit no more; - for standard input')
    .argument('<parent>', 'the rules that they are held against; - for standard input')
    .addHelpText(
      'after',
      `
The child must also keep the limits and obligations of the parent. A counterexample is a request that can be pasted behind
\`stele ccl check <file>\`.
Exit codes: 0 it narrows, which is proved, 1 it does not, 2 bad input, 3 neither could be proved, which counts as not narrowing.

Example:
  $ stele ccl narrow delegate.ccl owner.ccl`,
    )
    .action(cli.does((child: string, parent: string, flags: Flags) => run(child, parent, flags, cli)));
}

async function run(child: string, parent: string, flags: Flags, cli: Cli): Promise<ExitCode> {
  refuseTwoInputs(child, parent);
  const narrowing = checkNarrowing(
    await compileFile(child, cli.streams),
    await compileFile(parent, cli.streams),
    flags,
  );
  cli.print(flags.json ? jsonText(narrowing) : asText(narrowing, child, parent));
  return narrowing.narrows === true ? 0 : narrowing.narrows === false ? 1 : 3;
}

function asText(narrowing: Narrowing, child: string, parent: string): string {
  const [inner, outer] = [nameOf(child), nameOf(parent)];
  if (narrowing.narrows === true) return `narrows  ${inner} permits nothing that ${outer} does not: proved`;
  if (narrowing.narrows === 'unknown') return `unknown  ${openBecause(narrowing.because)}`;
  const { counterexample, missing } = narrowing;
  const why =
    missing === undefined
      ? `${inner} permits this and ${outer} denies it`
      : `${inner} permits this without the ${missing} of ${outer}`;
  const commands = [child, parent].map((path) => checkCommand(path, counterexample));
  return [`wider    ${why}:`, ...commands].join('\n');
}
