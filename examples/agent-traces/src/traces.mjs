// Reads the recordings of a folder, run by run.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} Call
 * @property {string} trace
 * @property {number} step
 * @property {string} source
 * @property {string} task
 * @property {string} [user_turn]
 * @property {string} tool
 * @property {Record<string, unknown>} arguments
 * @property {string} [result_excerpt]
 * @property {boolean} is_attack
 */

/** Which role a recording belongs to, by what it says of its source. */
const SUITES = [/^AgentDojo \S+ (workspace|travel|banking|slack)\b/, /^tau-bench\/(airline|retail)\b/];

/** @param {string} source @returns {string | undefined} */
export const suiteOf = (source) =>
  SUITES.map((form) => form.exec(source)?.[1]).find((name) => name !== undefined);

/**
 * The runs of every `.jsonl` file of a folder that belong to one of the roles; other lines are passed over.
 * @param {string} folder
 * @returns {{ suite: string, calls: Call[] }[]}
 */
export function readRuns(folder) {
  /** @type {Map<string, { suite: string, calls: Call[] }>} */
  const runs = new Map();
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()) {
    for (const call of readCalls(join(folder, file))) {
      const suite = suiteOf(call.source);
      if (suite === undefined || typeof call.tool !== 'string') continue;
      const run = runs.get(`${file} ${call.trace}`) ?? { suite, calls: [] };
      run.calls.push(call);
      runs.set(`${file} ${call.trace}`, run);
    }
  }
  return [...runs.values()].map(({ suite, calls }) => ({
    suite,
    calls: calls.sort((a, b) => a.step - b.step),
  }));
}

/** @param {string} path @returns {Call[]} */
function readCalls(path) {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, i) => (line.trim() === '' ? [] : [readCall(line, path, i + 1)]));
}

/** @param {string} line @param {string} path @param {number} number @returns {Call} */
function readCall(line, path, number) {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new Error(`${path}, line ${number}: it is no JSON`, { cause });
  }
}
