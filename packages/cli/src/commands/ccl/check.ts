import { type AnalysisFinding, analyze, CclSyntaxError, compile } from '@stele/ccl';
import { isSteleError } from '@stele/types/errors';
import type { Command } from 'commander';
import { type BudgetFlags, withBudget } from '../../lib/budget.js';
import { compileFile, readConstraints } from '../../lib/ccl-file.js';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { CliError } from '../../lib/errors.js';
import { nameOf } from '../../lib/input.js';
import { jsonText } from '../../lib/output.js';
import { isRequestText, readRequest } from '../../lib/request.js';

interface Flags extends BudgetFlags {
  readonly json?: true;
}

/** What is said of one file. */
interface Checked {
  readonly file: string;
  readonly statements: number;
  readonly errors: readonly CclSyntaxError[];
  readonly warnings: readonly AnalysisFinding[];
}

interface Unread {
  readonly file: string;
  readonly code: string;
  readonly message: string;
}

export function define(command: Command, cli: Cli): void {
  withBudget(command)
    .argument('<files...>', 'rules, or covenants; - for standard input. Last, a request may follow as JSON')
    .addHelpText(
      'after',
      `
Exit codes: 0 no mistake (warnings may be printed), 1 a mistake, 2 a file that cannot be read. With a request behind one
file it judges the request as \`stele check\` does: 0 permitted, 1 denied.

Examples:
  $ stele ccl check rules.ccl
  $ stele ccl check rules.ccl '{"action":"payments.refund","resource":"/orders/7"}'`,
    )
    .action(cli.does((files: string[], flags: Flags) => check(files, flags, cli)));
}

async function check(files: readonly string[], flags: Flags, cli: Cli): Promise<ExitCode> {
  if (files.some(isRequestText)) return judgeOne(files, flags, cli);
  const checked: Checked[] = [];
  const errors: Unread[] = [];
  for (const file of files) {
    try {
      const result = await checkFile(file, flags, cli);
      checked.push(result);
      if (!flags.json) cli.print(asText(result));
    } catch (error) {
      if (!isSteleError(error)) throw error;
      errors.push({ file, code: error.code, message: error.message });
      cli.printProblem(error);
    }
  }
  if (flags.json) cli.print(jsonText({ files: checked.map(asJson), errors }));
  if (errors.length > 0) return 2;
  return checked.some((result) => result.errors.length > 0) ? 1 : 0;
}

async function checkFile(file: string, flags: Flags, cli: Cli): Promise<Checked> {
  const text = await readConstraints(file, cli.streams);
  try {
    const policy = compile(text);
    return { file, statements: policy.statements.length, errors: [], warnings: analyze(policy, flags) };
  } catch (error) {
    if (!(error instanceof CclSyntaxError)) throw error;
    return { file, statements: 0, errors: [error], warnings: [] };
  }
}

function asText({ file, statements, errors, warnings }: Checked): string {
  const name = nameOf(file);
  const lines = errors.map((error) => `${name}:${describe(error)}`);
  for (const { kind, line, message } of warnings)
    lines.push(`${name}:${line}: warning (${kind}): ${message}`);
  if (errors.length === 0)
    lines.push(`${name}: ${plural(statements, 'statement')}, ${plural(warnings.length, 'warning')}`);
  return lines.join('\n');
}

/** The place as editors and terminals know it, the line with a caret, and what was likely meant. */
function describe({ line, column, expected, found, message, hint }: CclSyntaxError): string {
  const drawing = message.split('\n').slice(1);
  const lines = [`${line}:${column}: error: expected ${expected}, found ${found}`, ...drawing];
  if (hint !== undefined) lines.push(`  hint: ${hint}`);
  return lines.join('\n');
}

const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;

function asJson({ file, statements, errors, warnings }: Checked): object {
  const described = errors.map(
    ({ line, column, offset, length, expected, found, message, hint, suggestion }) => ({
      ...{ line, column, offset, length, expected, found, message },
      ...(hint === undefined ? {} : { hint }),
      ...(suggestion === undefined ? {} : { suggestion }),
    }),
  );
  return { file, statements, errors: described, warnings };
}

/** What `diff` and `narrow` print, pasted. */
async function judgeOne(files: readonly string[], flags: Flags, cli: Cli): Promise<ExitCode> {
  const [path = '', action] = files;
  if (files.length !== 2 || isRequestText(path))
    throw new CliError('usage', 'a request is judged by one file', 'write: stele ccl check <file> <request>');
  const request = await readRequest({ rules: path, action, resource: undefined }, {}, cli);
  const policy = await compileFile(path, cli.streams);
  const { judgeAndPrint } = await import('../check.js');
  return judgeAndPrint([{ covenant: undefined, policy }], request, flags, cli);
}
