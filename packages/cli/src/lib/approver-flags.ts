/** `--approver` and `--threshold`: who may meet what the rules require, and how many of them must. */
import type { Policy } from '@stele/ccl';
import type { Approvers } from '@stele/core';
import type { Command } from 'commander';
import { CliError } from './errors.js';
import { printable } from './output.js';
import { many } from './verify-flags.js';

export interface ApproverFlags {
  readonly approver?: string[];
  readonly threshold?: string[];
}

/** What is meant where no obligation is named. */
const OBLIGATION = 'human.approval';

export function addApproverOptions(command: Command): Command {
  return command
    .addOption(
      many(
        '--approver <[obligation=]did>',
        `whose signature counts as an approval, of ${OBLIGATION} if nothing else is named; repeatable`,
      ),
    )
    .addOption(
      many('--threshold <[obligation=]n>', 'how many of the approvers must sign; 1 if not given; repeatable'),
    );
}

/**
 * The approvers of each obligation. What the rules do not require, nobody need approve: that is refused, as a slip of the pen.
 * @throws CliError `usage`
 */
export function readApprovers(flags: ApproverFlags, rules: Policy): Record<string, Approvers> | undefined {
  const { approver = [], threshold = [] } = flags;
  const required = new Set(rules.statements.flatMap((each) => (each.kind === 'require' ? [each.name] : [])));
  const keys = new Map<string, string[]>();
  for (const [name, did] of approver.map(named)) {
    if (!required.has(name)) throw usage(`--approver: the rules nowhere require ${printable(name, 64)}`);
    keys.set(name, [...(keys.get(name) ?? []), did]);
  }
  const thresholds = new Map<string, number>();
  for (const [name, count] of threshold.map(named)) {
    if (!/^[1-9]\d{0,2}$/.test(count)) throw usage('--threshold: it must be a whole number from 1');
    if (!keys.has(name)) throw usage(`--threshold: there is no --approver of ${printable(name, 64)}`);
    if (thresholds.has(name)) throw usage(`--threshold: given twice for ${printable(name, 64)}`);
    thresholds.set(name, Number(count));
  }
  if (keys.size === 0) return undefined;
  const all = [...keys].map(
    ([name, dids]) => [name, { keys: dids, threshold: thresholds.get(name) ?? 1 }] as const,
  );
  return Object.fromEntries(all);
}

/** Neither a did:key nor a number has a `=`. */
function named(text: string): [obligation: string, value: string] {
  const at = text.indexOf('=');
  return at < 0 ? [OBLIGATION, text] : [text.slice(0, at), text.slice(at + 1)];
}

const usage = (message: string) => new CliError('usage', message, 'see: stele sign --help');
