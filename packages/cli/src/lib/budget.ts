import { type Command, InvalidArgumentError } from 'commander';
import { printable } from './output.js';

/** How hard a command tries to prove. */
export interface BudgetFlags {
  readonly budget: number;
}

/** About a second; a library that must answer while others wait spends less. */
const DEFAULT_BUDGET = 20_000_000;

/** Adds `--budget`: the most elementary steps of one proof. */
export function withBudget(command: Command): Command {
  return command.option('--budget <steps>', 'the most steps of a proof', steps, DEFAULT_BUDGET);
}

function steps(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It takes a whole number above 0.');
}

/** Why a proof is open, and what may close it. */
export function openBecause(because: string): string {
  const more = because.includes('budget') ? '\n  hint: give the proof more steps with --budget' : '';
  return printable(because, 500) + more;
}
