import { format, parse } from '@stele/ccl';
import { isSteleError } from '@stele/types/errors';
import { type Command, Option } from 'commander';
import { inFile } from '../lib/ccl-file.js';
import type { Cli, ExitCode } from '../lib/cli.js';
import { wordsOf } from '../lib/commands.js';
import { CliError } from '../lib/errors.js';
import { nameOf, readText } from '../lib/input.js';
import { jsonText } from '../lib/output.js';

interface Flags {
  readonly write?: true;
  readonly check?: true;
  readonly json?: true;
}

interface Formatted {
  readonly file: string;
  /** Whether it was in canonical form already. */
  readonly formatted: boolean;
  readonly text: string;
}

export function define(command: Command, cli: Cli): void {
  const words = wordsOf(command);
  command
    .argument('<files...>', 'CCL files; - for standard input')
    .addOption(new Option('--write', 'write the files instead of printing them').conflicts('check'))
    .option('--check', 'change nothing; exit with 1 if a file is not in canonical form')
    .addHelpText(
      'after',
      `
Examples:
  $ ${words} rules.ccl
  $ ${words} --check rules/*.ccl`,
    )
    .action(cli.does((files: string[], flags: Flags) => fmt(files, flags, cli)));
}

/** A file with a mistake does not keep the others from being read. */
async function fmt(files: readonly string[], flags: Flags, cli: Cli): Promise<ExitCode> {
  if (flags.write && files.includes('-'))
    throw new CliError('usage', 'standard input cannot be written', 'leave out --write');
  const results: Formatted[] = [];
  const errors: { file: string; code: string; message: string }[] = [];
  for (const file of files) {
    try {
      results.push(await formatFile(file, flags, cli));
    } catch (error) {
      if (!isSteleError(error)) throw error;
      errors.push({ file, code: error.code, message: error.message });
      cli.printProblem(error);
    }
  }
  if (flags.json) cli.print(jsonText(asJson(results, errors, flags)));
  if (errors.length > 0) return 2;
  return flags.check && results.some(({ formatted }) => !formatted) ? 1 : 0;
}

async function formatFile(file: string, flags: Flags, cli: Cli): Promise<Formatted> {
  const before = await readText(file, cli.streams);
  const text = inFile(file, () => format(parse(before)));
  const result = { file, formatted: text === before, text };
  if (flags.write && !result.formatted) await (await import('../lib/files.js')).writeText(file, text);
  if (!flags.json) show(result, flags, cli);
  return result;
}

function show({ file, formatted, text }: Formatted, flags: Flags, cli: Cli): void {
  if (!flags.write && !flags.check) cli.streams.stdout.write(text);
  else if (!formatted) cli.print(`${flags.write ? 'formatted' : 'not formatted'}  ${nameOf(file)}`);
}

function asJson(results: readonly Formatted[], errors: readonly object[], flags: Flags): object {
  const files = results.map(({ file, formatted, text }) =>
    flags.write || flags.check ? { file, formatted } : { file, formatted, text },
  );
  return { files, errors };
}
