/** A log that is read, and verified first where a key is given. */
import type { LogReport } from '@stele/audit';
import type { Cli } from '../cli.js';
import { printable } from '../output.js';
import { type Head, readHead } from './head.js';
import { openLog } from './log-name.js';
import type { Trust } from './trust.js';
import { type ProgressFlags, verdictOn } from './verdict.js';

export interface LogSession {
  readonly shown: string;
  readonly head: Head;
  /** Undefined where no key was given. */
  readonly report: LogReport | undefined;
}

/** Opens a log, verifies it if there is a key to do it with, and says on standard error what became of that. */
export async function withLog<T>(
  name: string,
  trust: Trust | undefined,
  flags: ProgressFlags,
  cli: Cli,
  work: (session: LogSession) => Promise<T>,
): Promise<T> {
  const { shown, reader, close } = await openLog(name);
  try {
    const head = await readHead(reader, shown);
    const report = trust === undefined ? undefined : await verdictOn(head.reader, trust, flags, cli);
    say(report, cli);
    return await work({ shown, head, report });
  } finally {
    await close();
  }
}

function say(report: LogReport | undefined, cli: Cli): void {
  if (report === undefined)
    cli.printError('note: nothing was verified, since no --key was given; the log may say anything');
  else if (!report.valid)
    cli.printError(`stele: the log does NOT verify: ${printable(report.problem?.message ?? '', 400)}`);
}
