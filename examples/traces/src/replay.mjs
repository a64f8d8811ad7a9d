import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from 'stele';

/**
 * Which covenant, with the map of the same name, judges which trace.
 * @type {readonly (readonly [string, string])[]}
 */
export const TRACES = [
  ['tau-bench-airline.jsonl', 'airline'],
  ['tau-bench-expected-actions.jsonl', 'service'],
  ['bfcl-multi-turn.jsonl', 'assistant'],
  ['agentdojo-user-runs.jsonl', 'office'],
  ['agentdojo-hijacked-runs.jsonl', 'office'],
  ['swe-agent-shell.jsonl', 'shell'],
  ['toolemu-cases.jsonl', 'office'], // descriptions of cases, no calls: every line is reported
];

/** @param {string} name */
const here = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** @param {string} path */
const jsonLines = (path) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/**
 * Replays one trace.
 * @param {string} trace the file
 * @param {string} covenant the name of covenant and map
 * @returns the summary of `stele replay`, its exit code, and each decision
 */
export async function replay(trace, covenant) {
  const out = mkdtempSync(join(tmpdir(), 'stele-traces-'));
  const decisions = join(out, 'decisions.jsonl');
  let text = '';
  const stdout = { write: (/** @type {string} */ part) => (text += part) };
  const inputs = [
    '--covenant',
    here(`${covenant}.ccl`),
    '--map',
    here(`${covenant}.map.json`),
    '--trace',
    trace,
  ];
  const argv = ['replay', ...inputs, '--decisions', decisions, '--json'];
  try {
    const code = await run(argv, { stdin: [], stdout, stderr: { write: () => true } });
    return { code, summary: JSON.parse(text), decisions: jsonLines(decisions) };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/**
 * A row of figures for each trace of a folder, in the order of the table in the README.
 * @param {string} folder
 */
export async function replayAll(folder) {
  const rows = [];
  for (const [file, covenant] of TRACES) {
    const trace = join(folder, file);
    const { summary, decisions } = await replay(trace, covenant);
    const lines = jsonLines(trace);
    const attacks = decisions.filter(({ line }) => lines[line - 1].is_attack === true);
    const stopped = ['denied', 'needs_approval'].map(
      (asked) => attacks.filter(({ outcome }) => outcome === asked).length,
    );
    const { calls, permitted, denied, needs_approval, malformed, decisionMicroseconds } = summary;
    const counts = [calls, permitted, denied, needs_approval, malformed, attacks.length];
    rows.push([file, ...counts, stopped.join(' + '), decisionMicroseconds.p50]);
  }
  return rows;
}
