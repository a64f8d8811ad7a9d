/** Which entries are wanted. */
import { type Command, Option } from 'commander';
import { CliError } from '../errors.js';
import { printable } from '../output.js';
import { parseInstant, parseSpan } from '../times.js';
import { codeOf, type Entry } from './entry.js';

/** The options that `addSelectionOptions` defines, as commander hands them over. */
export interface SelectionFlags {
  readonly covenant?: string;
  readonly code?: string;
  readonly decision?: 'permit' | 'pending' | 'deny';
  readonly sinceTime?: string;
  readonly until?: string;
  readonly index?: string;
}

export interface Selection {
  /** The first index, and the one before which it ends. */
  readonly from: number;
  readonly to: number;
  /** In words; undefined for all entries. */
  readonly said: string | undefined;
  includes(entry: Entry): boolean;
}

export function addSelectionOptions(command: Command): Command {
  return command
    .option('--covenant <id>', 'entries of this covenant')
    .option('--code <code>', 'decisions with this code, or outcomes such as failed')
    .addOption(
      new Option('--decision <decision>', 'decisions of this kind').choices(['permit', 'pending', 'deny']),
    )
    .option(
      '--since-time <time>',
      'entries from this time on: 2026-11-30T06:00:00Z, 2026-11-30, or 2h ago: 2h',
    )
    .option('--until <time>', 'entries before this time')
    .option('--index <a..b>', 'entries from index a to index b, both included; a.. and ..b and a as well');
}

/** @throws CliError `usage` */
export function readSelection(
  { covenant, code, decision, sinceTime, until, index }: SelectionFlags,
  { first, size }: { readonly first: number; readonly size: number },
): Selection {
  const [from, to] = rangeOf(index, first, size);
  const earliest = pointOf(sinceTime, '--since-time') ?? Number.NEGATIVE_INFINITY;
  const latest = pointOf(until, '--until') ?? Number.POSITIVE_INFINITY;
  const isTimed = sinceTime !== undefined || until !== undefined;
  const said = [
    index === undefined ? undefined : `index ${index}`,
    covenant === undefined ? undefined : `covenant ${covenant}`,
    decision === undefined ? undefined : `decision ${decision}`,
    code === undefined ? undefined : `code ${code}`,
    sinceTime === undefined ? undefined : `from ${new Date(earliest).toISOString()}`,
    until === undefined ? undefined : `before ${new Date(latest).toISOString()}`,
  ].filter((part) => part !== undefined);
  return {
    from,
    to,
    said: said.length === 0 ? undefined : said.join(', '),
    includes: ({ members }) => {
      if (covenant !== undefined && members.covenant !== covenant) return false;
      if (decision !== undefined && members.decision !== decision) return false;
      if (code !== undefined && codeOf(members) !== code) return false;
      if (!isTimed) return true;
      const time = typeof members.time === 'string' ? parseInstant(members.time) : undefined;
      return time !== undefined && time >= earliest && time < latest;
    },
  };
}

const RANGE = /^(\d{1,16})?(\.\.)?(\d{1,16})?$/;

function rangeOf(text: string | undefined, first: number, size: number): [from: number, to: number] {
  if (text === undefined) return [first, size];
  const [, a, dots, b] = RANGE.exec(text) ?? [];
  const start = Number(a ?? 0);
  const end = dots === undefined ? start : Number(b ?? Number.MAX_SAFE_INTEGER - 1);
  const isRange = (a !== undefined || b !== undefined) && start <= end && Number.isSafeInteger(end);
  if (!isRange || (dots === undefined && b !== undefined))
    throw new CliError(
      'usage',
      `--index is no range: ${printable(text, 64)}`,
      'write 17, 100..199, 100.. or ..99',
    );
  return [Math.max(start, first), Math.min(end + 1, size)];
}

/** A time or a day, or how long ago. */
function pointOf(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,6}[mhdw]$/.test(text)) return Date.now() - parseSpan(text, option);
  const ms = parseInstant(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  if (ms !== undefined) return ms;
  throw new CliError(
    'usage',
    `${option} is no time: ${printable(text, 64)}`,
    'write 2026-11-30T06:00:00Z, 2026-11-30, or how long ago: 2h, 30m, 7d',
  );
}
