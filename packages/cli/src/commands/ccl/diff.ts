import { checkNarrowing, type Difference, diff, type Narrowing, type Request } from '@stele/ccl';
import type { Command } from 'commander';
import { type BudgetFlags, openBecause, withBudget } from '../../lib/budget.js';
import { compileFile } from '../../lib/ccl-file.js';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { refuseTwoInputs } from '../../lib/input.js';
import { jsonText, printable } from '../../lib/output.js';
import { checkCommand } from '../../lib/request.js';

interface Flags extends BudgetFlags {
  readonly json?: true;
}

/** A request that both permit, one of them without a limit or an obligation that the other has. */
interface Lack {
  readonly missing: 'limit' | 'obligation';
  readonly request: Request;
}

interface Comparison extends Difference {
  /** What the edit lost. */
  readonly weaker?: Lack;
  /** What the edit added. */
  readonly stricter?: Lack;
  /** Whether each can stand in for the other, limits and obligations included. */
  readonly equivalent: boolean | 'unknown';
}

export function define(command: Command, cli: Cli): void {
  withBudget(command)
    .argument('<before>', 'the rules as they were; - for standard input')
    .argument('<after>', 'the rules as they are; - for standard input')
    .addHelpText(
      'after',
      `
Each difference is shown by one request, which can be pasted behind \`stele ccl check <file>\`. Where none is shown and nothing
is unknown, it is proved that there is none.
Exit codes: 0 no difference, which is proved, 1 a difference, 2 bad input, 3 none was found, and none could be excluded.

Example:
  $ stele ccl diff rules.ccl.orig rules.ccl`,
    )
    .action(cli.does((before: string, after: string, flags: Flags) => run(before, after, flags, cli)));
}

async function run(before: string, after: string, flags: Flags, cli: Cli): Promise<ExitCode> {
  refuseTwoInputs(before, after);
  const old = await compileFile(before, cli.streams);
  const edited = await compileFile(after, cli.streams);
  const [forth, back] = [checkNarrowing(edited, old, flags), checkNarrowing(old, edited, flags)];
  const [weaker, stricter] = [lackOf(forth), lackOf(back)];
  const comparison: Comparison = {
    ...diff(old, edited, flags),
    ...(weaker && { weaker }),
    ...(stricter && { stricter }),
    equivalent: equivalence(forth, back),
  };
  cli.print(flags.json ? jsonText(comparison) : asText(comparison, forth, after));
  return comparison.equivalent === true ? 0 : comparison.equivalent === false ? 1 : 3;
}

function lackOf(narrowing: Narrowing): Lack | undefined {
  if (narrowing.narrows !== false || narrowing.missing === undefined) return undefined;
  return { missing: narrowing.missing, request: narrowing.counterexample };
}

/** As `equivalent` of the language has it; both directions are at hand already. */
function equivalence(forth: Narrowing, back: Narrowing): boolean | 'unknown' {
  if (forth.narrows === false || back.narrows === false) return false;
  return forth.narrows === true && back.narrows === true ? true : 'unknown';
}

function asText(comparison: Comparison, forth: Narrowing, path: string): string {
  const { newlyPermitted, newlyDenied, unknown, weaker, stricter } = comparison;
  const none = unknown === undefined ? 'none, which is proved' : 'none found';
  const shown = (request: Request | undefined) =>
    request === undefined ? ` ${none}` : `\n${checkCommand(path, request)}`;
  const lines = [`newly permitted:${shown(newlyPermitted)}`, `newly denied:${shown(newlyDenied)}`];
  if (weaker === undefined) lines.push(`limits and obligations: ${kept(forth)}`);
  else lines.push(`a weaker ${weaker.missing}:${shown(weaker.request)}`);
  if (stricter !== undefined) lines.push(`a new or stricter ${stricter.missing}:${shown(stricter.request)}`);
  if (unknown !== undefined) lines.push(`unknown: ${openBecause(unknown)}`);
  return lines.join('\n');
}

/** What the proof that found nothing weaker says of limits and obligations. */
function kept(forth: Narrowing): string {
  if (forth.narrows === true) return 'kept, which is proved';
  if (forth.narrows === false) return 'not compared, because more is permitted';
  return `unknown: ${printable(forth.because, 500)}`;
}
