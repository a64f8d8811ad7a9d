import { MemoryLimits, parseJson, type Verification } from '@stele/sdk';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../lib/cli.js';
import { CliError } from '../lib/errors.js';
import { isRecord, readJsonObject } from '../lib/input.js';
import { type Judgement, judge } from '../lib/judge.js';
import { jsonText, printable } from '../lib/output.js';
import { loadRules } from '../lib/rules.js';
import { addVerifyOptions, checkLines, many, type VerifyFlags } from '../lib/verification.js';

interface Flags extends VerifyFlags {
  readonly action?: string;
  readonly resource?: string;
  readonly context?: string;
  readonly arg?: string[];
  readonly json?: true;
}

type Context = Record<string, unknown>;

export function define(command: Command, cli: Cli): void {
  command
    .argument(
      '<covenant>',
      'rules (.ccl; - for standard input), or a signed covenant (.json), which is verified first',
    )
    .argument('[action]', 'for example payments.refund; or with --action')
    .argument('[resource]', 'for example /orders/7; or with --resource')
    .option('--action <action>', 'the action, instead of its place')
    .option('--resource <resource>', 'the resource, instead of its place')
    .option('--context <file>', 'the context, a JSON object; - for standard input')
    .addOption(
      many('--arg <key=value>', 'sets args.<key> in the context: JSON if it parses, else text; repeatable'),
    );
  addVerifyOptions(command)
    .addHelpText(
      'after',
      `
Limits are counted as for a first call. An obligation cannot be met here: what awaits one exits with 1.

Examples:
  $ stele check rules.ccl payments.refund /orders/7 --arg amount=50
  $ stele check covenant.json --action files.read --resource /docs/a.txt --context context.json --json`,
    )
    .action(
      cli.does((path: string, action: string | undefined, resource: string | undefined, flags: Flags) =>
        check(
          path,
          {
            action: one(action, flags.action, 'action'),
            resource: one(resource, flags.resource, 'resource'),
          },
          flags,
          cli,
        ),
      ),
    );
}

/** A value that may stand in its place or as an option. */
function one(place: string | undefined, option: string | undefined, name: string): string {
  if (place !== undefined && option !== undefined)
    throw new CliError('usage', `the ${name} is given twice`, `leave out --${name}`);
  const value = place ?? option;
  if (value === undefined)
    throw new CliError(
      'usage',
      `the ${name} is missing`,
      'write: stele check <covenant> <action> <resource>',
    );
  return value;
}

async function check(
  path: string,
  asked: { action: string; resource: string },
  flags: Flags,
  cli: Cli,
): Promise<ExitCode> {
  if (path === '-' && flags.context === '-')
    throw new CliError(
      'usage',
      'standard input cannot be both rules and context',
      'put one of them into a file',
    );
  const context = await contextOf(flags, cli);
  const { sets, verification } = await loadRules(path, flags, cli.streams);
  if (sets === undefined) return refuse(verification, flags, cli);
  const judgement = await judge(sets, { ...asked, context }, () => new MemoryLimits());
  cli.print(flags.json ? jsonText(asJson(judgement)) : asText(judgement));
  return judgement.outcome === 'permitted' ? 0 : 1;
}

function refuse(verification: Verification, flags: Flags, cli: Cli): ExitCode {
  const failed = verification.checks.find((check) => !check.passed && check.warning !== true);
  const code = failed?.code ?? 'covenant_invalid';
  const reason = `the covenant fails ${failed?.name ?? 'verification'}: ${failed?.message ?? ''}`;
  if (flags.json)
    cli.print(jsonText({ permitted: false, decision: 'deny', code, reason, checks: verification.checks }));
  else cli.print(`deny  ${code}\n${printable(reason, 500)}\n${checkLines(verification)}`);
  return 1;
}

const DECISIONS = { permitted: 'permit', denied: 'deny', needs_approval: 'pending' } as const;

function asJson({ outcome, code, reason, deciders, obligations, limits }: Judgement): object {
  const permitted = outcome === 'permitted';
  return { permitted, decision: DECISIONS[outcome], code, reason, matched: deciders, obligations, limits };
}

function asText({ outcome, code, reason, deciders, obligations, limits }: Judgement): string {
  const from = ({ covenant }: { covenant?: string }) =>
    covenant === undefined ? '' : `  (${covenant.slice(0, 32)}…)`;
  const lines = [`${DECISIONS[outcome]}  ${code}`, printable(reason, 500)];
  for (const rule of deciders) lines.push(`  line ${rule.line}: ${printable(rule.text)}${from(rule)}`);
  for (const { name, line, ...rest } of obligations)
    lines.push(`  awaits ${name}, line ${line}${from(rest)}; nothing can meet it here`);
  for (const limit of limits) {
    const left = limit.remaining === undefined ? '' : `, ${limit.remaining} left`;
    lines.push(`  limit, line ${limit.line}: takes ${limit.cost} of ${limit.amount}${left}${from(limit)}`);
  }
  return lines.join('\n');
}

async function contextOf({ context: file, arg = [] }: Flags, cli: Cli): Promise<Context> {
  const context: Context = { ...(file === undefined ? {} : await readJsonObject(file, cli.streams)) };
  if (arg.length === 0) return context;
  if (context.args !== undefined && !isRecord(context.args))
    throw new CliError('usage', '--arg needs "args" of the context to be an object');
  const args: Context = { ...context.args };
  for (const text of arg) setArgument(args, text);
  return { ...context, args };
}

function setArgument(args: Context, text: string): void {
  const equals = text.indexOf('=');
  if (equals < 1) throw new CliError('usage', `--arg is no key=value: ${printable(text, 64)}`);
  const value = readValue(text.slice(equals + 1));
  // Defined, not assigned: `__proto__` is a name like any other.
  Object.defineProperty(args, text.slice(0, equals), {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function readValue(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
