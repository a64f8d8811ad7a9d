import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Verification } from '@stele/sdk';
import { isSteleError } from '@stele/types/errors';
import { type Command, InvalidArgumentError } from 'commander';
import type { Cli, ExitCode } from '../lib/cli.js';
import { CliError } from '../lib/errors.js';
import { refuseInput } from '../lib/files.js';
import { nameOf, readJson, unreadable } from '../lib/input.js';
import { LineWriter } from '../lib/line-writer.js';
import { checkLines, jsonText, printable } from '../lib/output.js';
import { Progress } from '../lib/progress.js';
import { Flips, flipLine, flipsAsJson, flipsAsText } from '../lib/replay/flips.js';
import { readLines } from '../lib/replay/lines.js';
import { compileMap, defaultMapping, type Mapping } from '../lib/replay/mapping.js';
import { asJson, asText, deniedLine } from '../lib/replay/report.js';
import { Replay } from '../lib/replay/run.js';
import type { MalformedLine } from '../lib/replay/tally.js';
import { loadRules, type RuleSet } from '../lib/rules.js';

import { addVerifyOptions, type VerifyFlags } from '../lib/verify-flags.js';

interface Flags extends VerifyFlags {
  readonly covenant?: string;
  readonly before?: string;
  readonly after?: string;
  readonly trace: string;
  readonly map?: string;
  readonly strict?: true;
  readonly maxDenied?: number;
  readonly decisions?: string;
  readonly progress?: boolean;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  command
    .option('--covenant <file>', 'rules (.ccl), or a signed covenant (.json), which is verified first')
    .option('--before <file>', 'the covenant that is live; with --after, instead of --covenant')
    .option('--after <file>', 'the candidate: shows every call that it decides differently')
    .requiredOption('--trace <file>', 'recorded calls, one JSON object a line; - for standard input')
    .option('--map <file>', 'how tools become actions and resources (JSON)')
    .option('--strict', 'stop at the first malformed line')
    .option('--max-denied <n>', 'how many denied calls the report shows (50, with --json 1000)', wholeNumber)
    .option('--decisions <file>', 'write the decision on every call to this file, one JSON object a line')
    .option('--progress', 'draw the progress bar although standard error is no terminal')
    .option('--no-progress', 'draw no progress bar');
  addVerifyOptions(command)
    .addHelpText('after', HELP)
    .action(cli.does((flags: Flags) => chosen(flags, cli)));
}

const HELP = `
A line has "tool" and, where there are any, "arguments" (an object), "time" (RFC 3339, or milliseconds since 1970) and
"trace" (the run that it belongs to). Limits are counted on the clock of "time"; for lines without it time stands
still, and each trace counts anew.

Without a map the action is the tool's name and the resource is /. The context is { args, tool: { name } }. A map:
  { "tools": { "refund": { "action": "payments.refund", "resource": "/orders/{arguments.order_id}" } },
    "default": { "action": "{tool}", "resource": "/" } }
A value in the midst of a template must be one segment: with a / or \\ (in an action a .), or if it is missing, empty or
no single value, the call is denied as malformed. A template that is a placeholder alone, such as "{arguments.path}",
takes the whole value as the resource.

With --before and --after every call is judged under both, each with limits of its own, and what comes out differently
(permitted, denied, needs approval) is shown with both reasons.

Exit codes: 1 if a call was denied, or with --before and --after decided differently; else 2 if a line was malformed; else 0,
also where calls need an approval.

Example:
  $ stele replay --covenant rules.ccl --trace calls.jsonl --map map.json
  $ stele replay --before live.json --after candidate.ccl --trace calls.jsonl`;

function chosen(flags: Flags, cli: Cli): Promise<ExitCode> {
  const { covenant, before, after } = flags;
  if (covenant !== undefined && before === undefined && after === undefined)
    return replay(covenant, flags, cli);
  if (covenant !== undefined || before === undefined || after === undefined)
    throw new CliError('usage', 'name one covenant with --covenant, or two with --before and --after');
  if (flags.decisions !== undefined)
    throw new CliError(
      'usage',
      '--decisions goes with --covenant: with two there are two decisions on every call',
    );
  return compare(before, after, flags, cli);
}

/** What a change of a covenant changes, on calls that were recorded. */
async function compare(before: string, after: string, flags: Flags, cli: Cli): Promise<ExitCode> {
  const loaded = [await loadRules(before, flags, cli.streams), await loadRules(after, flags, cli.streams)];
  for (const { sets, verification } of loaded)
    if (sets === undefined) return invalid(verification, flags, cli);
  const [live, candidate] = loaded.map(({ sets }) => sets ?? []) as [readonly RuleSet[], readonly RuleSet[]];
  const progress = await progressOf(flags, cli);
  const run = new Flips({
    before: live,
    after: candidate,
    mapping: await mappingOf(flags, cli),
    strict: flags.strict === true,
    maxFlips: flags.maxDenied ?? (flags.json ? 1000 : 50),
    onFlip: (flip) => {
      if (flags.json) return;
      progress.clear();
      cli.print(flipLine(flip));
    },
    onMalformed: (line) => tellMalformed(line, flags, progress, cli),
  });
  try {
    await judgeAll(run, flags.trace, progress, undefined, cli);
  } finally {
    progress.clear();
  }
  cli.print(flags.json ? jsonText(flipsAsJson(run)) : flipsAsText(run));
  if (run.total > 0) return 1;
  return run.before.tally.malformedCount > 0 ? 2 : 0;
}

async function mappingOf({ map }: Flags, cli: Cli): Promise<Mapping> {
  return map === undefined ? defaultMapping : compileMap(await readJson(map, cli.streams));
}

async function progressOf({ trace, progress }: Flags, cli: Cli): Promise<Progress> {
  const total = await sizeOf(trace);
  return new Progress(cli.streams.stderr, { task: 'replay', unit: 'lines', total, show: progress });
}

function invalid(verification: Verification, { json }: Flags, cli: Cli): ExitCode {
  if (json) cli.print(jsonText({ code: 'covenant_invalid', checks: verification.checks }));
  else cli.print(`${checkLines(verification)}\ninvalid covenant: nothing was judged`);
  return 1;
}

function tellMalformed(
  { line, problem }: MalformedLine,
  { trace }: Flags,
  progress: Progress,
  cli: Cli,
): void {
  progress.clear();
  cli.printError(`${nameOf(trace)}:${line}: malformed line: ${printable(problem)}`);
}

async function replay(covenant: string, flags: Flags, cli: Cli): Promise<ExitCode> {
  const { sets, verification } = await loadRules(covenant, flags, cli.streams);
  if (sets === undefined) return invalid(verification, flags, cli);
  const mapping = await mappingOf(flags, cli);
  if (flags.decisions !== undefined)
    await refuseInput(flags.decisions, '--decisions', [covenant, flags.trace, flags.map]);
  const writer = flags.decisions === undefined ? undefined : await LineWriter.open(flags.decisions);
  const progress = await progressOf(flags, cli);
  const run = new Replay({
    sets,
    mapping,
    strict: flags.strict === true,
    maxDenied: flags.maxDenied ?? (flags.json ? 1000 : 50),
    onCall: writer === undefined ? undefined : (call) => writer.add(jsonText(call)),
    onDenied: (call) => {
      if (flags.json) return;
      progress.clear();
      cli.print(deniedLine(call));
    },
    onMalformed: (line) => tellMalformed(line, flags, progress, cli),
  });
  const start = performance.now();
  try {
    await judgeAll(run, flags.trace, progress, writer, cli);
  } finally {
    progress.clear();
    await writer?.close();
  }
  const seconds = (performance.now() - start) / 1000;
  cli.print(flags.json ? jsonText(asJson(run, seconds)) : asText(run, seconds));
  return verdict(run);
}

/** What was denied is the answer; without a denial, lines that could not be read leave the answer open. */
function verdict({ tally }: Replay): ExitCode {
  if (tally.total.denied > 0) return 1;
  return tally.malformedCount > 0 ? 2 : 0;
}

async function judgeAll(
  run: Pick<Replay, 'line'> | Flips,
  path: string,
  progress: Progress,
  writer: LineWriter | undefined,
  cli: Cli,
): Promise<void> {
  const source = path === '-' ? cli.streams.stdin : createReadStream(path, { highWaterMark: 256 * 1024 });
  let last = 0;
  try {
    for await (const { lines, bytesRead } of readLines(source)) {
      for (const line of lines) {
        const waiting = run.line(line);
        if (waiting !== undefined) await waiting;
        last = line.number;
      }
      progress.at(bytesRead, last);
      await writer?.flush();
    }
  } catch (error) {
    throw isSystemError(error) ? unreadable(nameOf(path), error) : error;
  }
}

const isSystemError = (error: unknown) =>
  !isSteleError(error) && (error as { syscall?: unknown }).syscall !== undefined;

async function sizeOf(path: string): Promise<number | undefined> {
  if (path === '-') return undefined;
  try {
    const { size } = await stat(path);
    return size;
  } catch (error) {
    throw unreadable(nameOf(path), error);
  }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number up to 999,999.');
  return Number(text);
}
