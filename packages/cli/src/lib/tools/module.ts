/** The tools that a module of the user's exports. It is run in a thread of its own, which ends with the question. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ToolContract } from '@stele/sdk';
import type { Ungoverned } from '@stele/sdk/adapters';
import { CliError } from '../errors.js';
import { messageOf, nameOf } from '../input.js';

/** What can be asked: functions of the adapters, of one set of tools. */
interface Answers {
  readonly ungoverned: readonly Ungoverned[];
  readonly toolContracts: readonly ToolContract[];
}

/** What was found: how many tools there are, and the answer. */
export interface Asked<T> {
  readonly count: number;
  readonly answer: T;
}

const TIMEOUT_MS = 60_000;

// `tools`, else the default export, else every export is a tool.
const ASK = `
const { parentPort, workerData: { adapters, module, question } } = require('node:worker_threads');
(async () => {
  const ask = (await import(adapters))[question];
  const exported = await import(module);
  const tools = exported.tools ?? exported.default ?? { ...exported };
  return { count: Object.keys(tools).length, answer: await ask(tools) };
})().then(
  (found) => parentPort.postMessage({ found }),
  (error) => parentPort.postMessage({ problem: String(error?.message ?? error) }),
);`;

/**
 * Imports a module and asks about its tools. What it prints on standard output is not shown.
 * @throws CliError `tools_unreadable`
 */
export async function askModule<Q extends keyof Answers>(
  path: string,
  question: Q,
): Promise<Asked<Answers[Q]>> {
  const adapters = createRequire(import.meta.url).resolve('@stele/sdk/adapters');
  const [of, module] = [pathToFileURL(adapters).href, pathToFileURL(resolve(path)).href];
  const thread = new Worker(ASK, {
    eval: true,
    workerData: { adapters: of, module, question },
    stdout: true,
  });
  try {
    return await answerOf<Asked<Answers[Q]>>(thread);
  } catch (error) {
    throw new CliError(
      'tools_unreadable',
      `${nameOf(path)}: ${messageOf(error)}`,
      'name a module that exports tools',
    );
  } finally {
    await thread.terminate();
  }
}

function answerOf<T>(thread: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('it did not load within a minute')), TIMEOUT_MS);
    const fail = (error: Error) => {
      clearTimeout(late);
      reject(error);
    };
    thread.once('message', ({ found, problem }: { found?: T; problem?: string }) => {
      clearTimeout(late);
      if (found === undefined) reject(new Error(problem));
      else resolve(found);
    });
    thread.once('error', fail);
    thread.once('exit', () => fail(new Error('it ended before its tools were looked at')));
  });
}
