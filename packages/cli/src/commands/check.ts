import { MemoryLimits, type Request } from '@stele/ccl';
import type { Verification } from '@stele/sdk';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../lib/cli.js';
import { type Judgement, judge } from '../lib/judge.js';
import { checkLines, jsonText, printable } from '../lib/output.js';
import { addRequestOptions, type RequestFlags, type RequestPlaces, readRequest } from '../lib/request.js';
import { loadRules, type RuleSet } from '../lib/rules.js';
import { addVerifyOptions, type VerifyFlags } from '../lib/verify-flags.js';

interface Flags extends VerifyFlags, RequestFlags {
  readonly json?: true;
}

type Places = Omit<RequestPlaces, 'rules'>;

export function define(command: Command, cli: Cli): void {
  addRequestOptions(
    command.argument(
      '<covenant>',
      'rules (.ccl; - for standard input), or a signed covenant (.json), which is verified first',
    ),
  );
  addVerifyOptions(command)
    .addHelpText(
      'after',
      `
Limits are counted as for a first call. An obligation cannot be met here: what awaits one exits with 1.

Examples:
  $ stele check rules.ccl payments.refund /orders/7 --arg amount=50
  $ stele check rules.ccl '{"action":"payments.refund","resource":"/orders/7","context":{"args":{"amount":50}}}'
  $ stele check covenant.json --action files.read --resource /docs/a.txt --context context.json --json`,
    )
    .action(
      cli.does((path: string, action: string | undefined, resource: string | undefined, flags: Flags) =>
        check(path, { action, resource }, flags, cli),
      ),
    );
}

async function check(path: string, places: Places, flags: Flags, cli: Cli): Promise<ExitCode> {
  const request = await readRequest({ rules: path, ...places }, flags, cli);
  const { sets, verification } = await loadRules(path, flags, cli.streams);
  if (sets === undefined) return refuse(verification, flags, cli);
  return judgeAndPrint(sets, request, flags, cli);
}

/** Judges a request as a first call, and says what came out. */
export async function judgeAndPrint(
  sets: readonly RuleSet[],
  request: Request,
  flags: { readonly json?: true },
  cli: Cli,
): Promise<ExitCode> {
  const judgement = await judge(sets, request, () => new MemoryLimits());
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
