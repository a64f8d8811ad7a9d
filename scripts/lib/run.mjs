// Runs other programs quietly: one line of progress while they work, their whole output when they fail.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

const KEPT_OUTPUT = 1_000_000; // characters; the end of the output is what explains a failure

/** A program ended with another exit code than 0; `output` is what it wrote. */
export class CommandError extends Error {
  constructor(command, code, output) {
    super(`${command} ended with exit code ${code}`);
    this.code = code;
    this.output = output;
  }
}

/** Runs a script's work and sets the exit code: its own, or that of the command that failed, whose output is then shown. */
export async function main(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(`${error.output}\n${error.message}\n`);
    process.exitCode = error.code;
  }
}

/** The npm that runs this script, else the one beside this Node, else the one on the path. */
export function npmCommand() {
  const beside = join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js');
  const script = [process.env.npm_execpath, beside].find(
    (file) => file?.endsWith('npm-cli.js') && existsSync(file),
  );
  if (script !== undefined) return [process.execPath, script];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
}

/**
 * Runs a command with its output hidden.
 * @param {string[]} command the program and its arguments
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, label?: string, quietMs?: number }} [options]
 *   `label` is shown with the time that has passed, once `quietMs` milliseconds have
 * @returns {Promise<string>} what the command wrote
 * @throws {CommandError} when its exit code is not 0
 */
export async function run(command, { cwd = root, env = process.env, label, quietMs = 0 } = {}) {
  const [program, ...args] = command;
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk) => {
    output = (output + chunk).slice(-KEPT_OUTPUT);
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  const stopProgress = label === undefined ? () => {} : showProgress(label, quietMs);
  const code = await exitCodeOf(child).finally(stopProgress);
  if (code !== 0) throw new CommandError([program, ...args].join(' '), code, output);
  return output;
}

/** An interrupt stops the child first; this process ends when the child has, and can still tidy up. */
async function exitCodeOf(child) {
  let interrupted = false;
  const forward = (signal) => {
    interrupted = true;
    child.kill(signal);
  };
  process.on('SIGINT', forward).on('SIGTERM', forward);
  try {
    const [code] = await once(child, 'close'); // rejects when the program cannot be started
    return interrupted ? 130 : (code ?? 1);
  } finally {
    process.off('SIGINT', forward).off('SIGTERM', forward);
  }
}

/** On a terminal one line that counts the seconds, elsewhere a line now and then. Returns what ends it. */
export function showProgress(label, quietMs = 0, stream = process.stderr) {
  const start = Date.now();
  const seconds = () => `${Math.round((Date.now() - start) / 1000)} s`;
  const show = () => stream.write(stream.isTTY ? `\r\x1b[K${label} ${seconds()}` : `${label} ${seconds()}\n`);
  let shown = false;
  let ticker;
  const first = setTimeout(() => {
    shown = true;
    show();
    ticker = setInterval(show, stream.isTTY ? 1_000 : 20_000);
  }, quietMs);
  return () => {
    clearTimeout(first);
    clearInterval(ticker);
    if (shown && stream.isTTY) stream.write('\r\x1b[K');
    if (shown) stream.write(`${label} ended after ${seconds()}\n`);
  };
}
