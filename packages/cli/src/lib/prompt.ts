/** Questions at a terminal that shows nothing of the answers. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Input, Output } from './cli.js';
import { CliError } from './errors.js';

/** A terminal that can be told not to show what is typed: `process.stdin`, mostly. */
export type Terminal = NodeJS.ReadableStream & { setRawMode(on: boolean): unknown };

export function isTerminal(input: Input): input is Input & Terminal {
  return input.isTTY === true && typeof (input as Partial<Terminal>).setRawMode === 'function';
}

/**
 * Asks one question after the other; a line answers one. The line editor does without history, and writes nowhere.
 * @throws CliError `interrupted` at Ctrl-C, Ctrl-D or the end of the input
 */
export async function askHidden(
  input: Terminal,
  output: Output,
  questions: readonly string[],
): Promise<string[]> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // With `terminal` it switches the echo off, before the first question is shown.
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
  try {
    return await answersTo(questions, lines, output);
  } finally {
    lines.close();
  }
}

function answersTo(
  questions: readonly string[],
  lines: ReturnType<typeof createInterface>,
  output: Output,
): Promise<string[]> {
  const answers: string[] = [];
  const ask = () => output.write(questions[answers.length] as string);
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new CliError('interrupted', 'no passphrase was given'));
    lines.on('line', (answer) => {
      output.write('\n');
      if (answers.push(answer) < questions.length) ask();
      else resolve(answers);
    });
    lines.on('SIGINT', giveUp);
    lines.on('close', giveUp);
    ask();
  });
}
