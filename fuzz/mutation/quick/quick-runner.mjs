// A test runner for the first pass over the mutants: all tests are one script in one thread, which is run anew for each
// mutant. So a mutant takes a tenth of a second, where starting Vitest alone takes some.
import { readdirSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { INSTRUMENTER_CONSTANTS } from '@stryker-mutator/api/core';
import { declareFactoryPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  DryRunStatus,
  determineHitLimitReached,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import { build } from 'esbuild';

/** A test that keeps the processor busy for so many milliseconds longer than it may take does not end. */
const MOST_MS = 3000;
/** It may take so many times what it has taken unchanged: what is slow by itself would count as endless on a busy machine. */
const SLOWER = 3;
/** One that waits for so long waits for what never comes. */
const MOST_WAITED_MS = 60_000;
const LOOK_MS = 100;

/** In the folder of the mutated sources. */
const TESTS = 'quick-tests.cjs';

/**
 * The runner of one package.
 * @param {{ folder: string, isQuick: (file: string) => boolean, slow: RegExp }} settings the folder of its tests, which of
 *   its files are run, and what the names of tests hold that take long all the same
 */
export function quickRunner(settings) {
  return [declareFactoryPlugin(PluginKind.TestRunner, 'quick', () => new QuickRunner(settings))];
}

class QuickRunner {
  #settings;
  #thread;
  /** The number of tests that the thread has begun, and how many milliseconds the last of them has taken unchanged. */
  #started = new Int32Array(new SharedArrayBuffer(8));
  /** The tests and their milliseconds, the quickest first, as the first run of all has measured. */
  #order = [];

  constructor(settings) {
    this.#settings = settings;
  }

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init() {
    writeFileSync(TESTS, await bundle(join(process.cwd(), this.#settings.folder), this.#settings.isQuick));
  }

  async dryRun() {
    const { results, coverage } = await this.#ask({ all: true });
    const times = results.map(({ id, timeSpentMs }) => [id, timeSpentMs]);
    this.#order = times.sort(([, left], [, right]) => left - right);
    return { ...reported(results), mutantCoverage: coverage };
  }

  async mutantRun({ activeMutant, mutantActivation, testFilter, hitLimit }) {
    const isStatic = mutantActivation === 'static';
    const answer = await this.#ask({ mutant: activeMutant.id, isStatic, testFilter, hitLimit });
    if (answer === undefined) return toMutantRunResult({ status: DryRunStatus.Timeout });
    const endless = determineHitLimitReached(answer.hitCount, hitLimit);
    return toMutantRunResult(endless ?? reported(answer.results));
  }

  async dispose() {
    await this.#thread?.terminate();
  }

  /** What the thread answers; undefined if a test does not end. */
  async #ask(question) {
    this.#thread ??= new Worker(new URL('thread.mjs', import.meta.url), {
      workerData: {
        tests: TESTS,
        namespace: INSTRUMENTER_CONSTANTS.NAMESPACE,
        slow: this.#settings.slow,
        started: this.#started,
      },
    });
    const thread = this.#thread;
    const answer = await answerOf(thread, { order: this.#order, ...question }, this.#started);
    if (answer !== undefined) return answer;
    await thread.terminate();
    this.#thread = undefined;
    return undefined;
  }
}

/** What a thread answers; undefined if one of its tests does not end. */
function answerOf(thread, question, started) {
  return new Promise((resolve, reject) => {
    const watch = setInterval(
      endless(started, () => {
        if (!question.all) end(resolve)(undefined);
      }),
      LOOK_MS,
    );
    const end = (settle) => (value) => {
      clearInterval(watch);
      thread.off('message', onMessage);
      thread.off('error', onError);
      settle(value);
    };
    const onMessage = end(resolve);
    const onError = end(reject);
    thread.on('message', onMessage);
    thread.on('error', onError);
    thread.postMessage(question);
  });
}

/** Looks whether one test has kept the processor busy too long, or waits. */
function endless(started, onEndless) {
  let seen = -1;
  let since = process.cpuUsage();
  let at = performance.now();
  return () => {
    const now = Atomics.load(started, 0);
    const { user, system } = process.cpuUsage(since);
    const mostMs = MOST_MS + SLOWER * Atomics.load(started, 1);
    const isLong = (user + system) / 1000 > mostMs || performance.now() - at > MOST_WAITED_MS;
    if (now === seen && isLong) onEndless();
    if (now === seen) return;
    seen = now;
    since = process.cpuUsage();
    at = performance.now();
  };
}

function reported(results) {
  const tests = results.map(({ failure, ...result }) =>
    failure === undefined
      ? { ...result, status: TestStatus.Success }
      : { ...result, status: TestStatus.Failed, failureMessage: failure },
  );
  return { status: DryRunStatus.Complete, tests };
}

/** All tests as the text of an asynchronous function of what loads modules of Node, a suite and the module fast-check. */
async function bundle(folder, isQuick) {
  const files = readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.ts') && isQuick(name))
    .sort();
  const given = {
    name: 'given',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /.*/ }, ({ path }) =>
        isBuiltin(path) || GIVEN[path] !== undefined ? { path, namespace: 'given' } : undefined,
      );
      onLoad({ filter: /.*/, namespace: 'given' }, ({ path }) => ({
        contents: `module.exports = ${GIVEN[path] ?? `ofNode(${JSON.stringify(path)})`};`,
      }));
    },
  };
  const { outputFiles } = await build({
    stdin: { contents: files.map(loading).join('\n'), resolveDir: folder },
    bundle: true,
    write: false,
    platform: 'node',
    // Files may wait before their tests begin.
    format: 'esm',
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(join(folder, 'all.ts')).href) },
    banner: { js: "(async function (ofNode, suite, fastCheck) { 'use strict';" },
    footer: { js: '})' },
    plugins: [given],
  });
  return outputFiles[0].text;
}

/** What tests import that is made for this pass. */
const GIVEN = { vitest: 'suite.api', 'fast-check': 'fastCheck' };

const loading = (name) => {
  return `await suite.file(${JSON.stringify(name)}, () => import(${JSON.stringify(`./${name}`)}));`;
};
