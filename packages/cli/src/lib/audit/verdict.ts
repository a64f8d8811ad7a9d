/** What verifying found, in words that an auditor can quote. */
import { type LogReader, type LogReport, type Problem, verifyLog } from '@stele/audit';
import { isSteleError } from '@stele/types/errors';
import type { Cli } from '../cli.js';
import { CliError } from '../errors.js';
import { messageOf } from '../input.js';
import { count, printable } from '../output.js';
import { Progress } from '../progress.js';
import type { Trust } from './trust.js';

/** What every report has. */
export type Verdict = Pick<LogReport, 'valid' | 'origin' | 'size' | 'root' | 'proves' | 'doesNotProve'> & {
  readonly problem?: Problem;
  readonly problems?: readonly Problem[];
};

export interface ProgressFlags {
  readonly progress?: boolean;
}

/** Verifies a log, with a bar on standard error. @throws CliError `usage` for options that cannot be */
export function verdictOn(
  reader: LogReader,
  trust: Trust,
  flags: ProgressFlags,
  cli: Cli,
): Promise<LogReport> {
  return withProgress(flags, cli, (onProgress) => verifyLog(reader, { ...trust, onProgress }));
}

type OnProgress = (done: { readonly entries: number; readonly size: number }) => void;

/** Does what takes long, with a bar on standard error. What the library refuses as an argument was on the command line. */
export async function withProgress<T>(
  { progress: show }: ProgressFlags,
  { streams }: Cli,
  work: (onProgress: OnProgress) => Promise<T>,
  task = 'verify',
): Promise<T> {
  const progress = new Progress(streams.stderr, { task, unit: 'entries', show });
  try {
    return await work(({ entries, size }) => progress.at(entries, entries, size));
  } catch (error) {
    if (isSteleError(error) || !(error instanceof RangeError)) throw error;
    throw new CliError('usage', messageOf(error));
  } finally {
    progress.clear();
  }
}

/** The verdict for a person. The first bad place comes first. */
export function verdictText({ valid, ...report }: Verdict): string {
  const { origin, size, root, problem, problems = problem === undefined ? [] : [problem] } = report;
  return [
    ...problems.slice(0, MOST_SHOWN).map((each) => `  ✗ ${problemText(each)}`),
    ...(problems.length > MOST_SHOWN
      ? [`  … and ${problems.length - MOST_SHOWN} more: --json has them`]
      : []),
    ...(origin === ''
      ? []
      : [`log        ${printable(origin)}`, `entries    ${count(size)}`, `root       ${root}`]),
    ...sentences('What this proves:', report.proves),
    ...sentences('What this does not prove:', report.doesNotProve),
    valid ? 'valid' : 'INVALID',
  ].join('\n');
}

const MOST_SHOWN = 20;

const sentences = (title: string, texts: readonly string[]) =>
  texts.length === 0 ? [] : [title, ...texts.map((text) => `  - ${printable(text, 1_000)}`)];

function problemText({ code, message, index, before, path }: Problem): string {
  const entries =
    index === undefined
      ? []
      : [
          before === undefined || before === index + 1
            ? `entry ${index}`
            : `entries ${index} to ${before - 1}`,
        ];
  const where = [...entries, ...(path === undefined ? [] : [printable(path)])].join(', ');
  return `${where === '' ? '' : `${where}: `}${printable(message, 400)} (${code})`;
}
