/** Asking whether something that cannot be undone is meant. */
import { createInterface } from 'node:readline';
import type { Cli } from './cli.js';
import { CliError } from './errors.js';
import { isTerminal } from './prompt.js';

const WORD = 'yes';

/**
 * Goes on only where a person at the terminal writes "yes", or the command line has said it already.
 * @throws CliError `not_confirmed`
 */
export async function confirm(what: string, isConfirmed: boolean, { streams }: Cli): Promise<void> {
  if (isConfirmed) return;
  const { stdin, stderr } = streams;
  if (!isTerminal(stdin))
    throw new CliError(
      'not_confirmed',
      `${what}, and standard input is no terminal to ask at`,
      'add --yes if it is meant',
    );
  stderr.write(`${what}. It cannot be undone. Go on? (${WORD}/no) `);
  const answer = await lineOf(stdin);
  if (answer?.trim() !== WORD) throw new CliError('not_confirmed', 'nothing was done');
}

/** The terminal itself shows what is typed. */
function lineOf(input: NodeJS.ReadableStream): Promise<string | undefined> {
  const lines = createInterface({ input, terminal: false });
  return new Promise((resolve) => {
    lines.once('line', (line) => {
      resolve(line);
      lines.close();
    });
    lines.once('close', () => resolve(undefined));
  });
}
