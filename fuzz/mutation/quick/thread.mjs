// Runs the tests for the runner, which ends this thread when a mutant lets a test run on and on.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Script } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import * as fastCheck from 'fast-check';
import { Suite } from './suite.mjs';

/** Properties whose cases take long run a few of them; those that run thousands are quick. */
const FEW = 30;
const MANY = 2000;

const { tests, namespace, slow, started } = workerData;
const script = new Script(readFileSync(tests, 'utf8'), { filename: tests });
const require = createRequire(import.meta.url);
/** Where the mutated sources look which mutant is active, and count. */
const space = {};
globalThis[namespace] = space;
/** The tests, as this thread has come to know them: the likeliest to fail first. */
const places = new Map();
/** How many milliseconds each takes unchanged. */
const usual = new Map();
let killed = 0;
/** What nobody has caught since the test began. */
let stray;
process.on('uncaughtException', (error) => {
  stray = error;
});

parentPort.on('message', async (asked) => parentPort.postMessage(await answer(asked)));

async function answer({ mutant, isStatic, hitLimit, testFilter, order, all }) {
  space.hitLimit = hitLimit;
  space.hitCount = 0;
  space.activeMutant = isStatic ? mutant : undefined;
  for (const [id, ms] of order) {
    if (!places.has(id)) places.set(id, places.size);
    usual.set(id, ms);
  }
  const results = [];
  const { cases, fault } = await load();
  space.activeMutant = mutant;
  const wanted = testFilter && new Set(testFilter);
  const isAsked = ({ id, name }) => (wanted === undefined || wanted.has(id)) && !slow.test(name);
  const placeOf = ({ id }) => places.get(id) ?? 0;
  // A mutant that lets no test file load fails all of them.
  const run = fault === undefined ? cases.filter(isAsked) : [fault];
  for (const each of run.sort((left, right) => placeOf(left) - placeOf(right))) {
    Atomics.store(started, 1, usual.get(each.id) ?? 0);
    Atomics.add(started, 0, 1);
    const result = await outcome(each);
    results.push(result);
    if (result.failure === undefined || all) continue;
    // What fails of one mutant mostly fails of the next.
    places.set(each.id, -1 - killed++);
    break;
  }
  space.activeMutant = undefined;
  return { results, hitCount: space.hitCount, coverage: all ? space.mutantCoverage : undefined };
}

/** All tests anew, so that nothing is left of the mutant before. */
async function load() {
  const suite = new Suite();
  try {
    await script.runInThisContext()(require, suite, quick(fastCheck));
  } catch (error) {
    return { fault: { id: 'load', name: 'loads', run: () => Promise.reject(error) } };
  }
  return { cases: suite.tests.map((test, at) => ({ ...test, id: `${at} ${test.name}` })) };
}

async function outcome({ id, name, run }) {
  space.currentTestId = id;
  const start = performance.now();
  stray = undefined;
  const fault = (await run().catch((error) => error ?? 'failed')) ?? stray;
  const failure = fault === undefined ? undefined : String(fault.message ?? fault).slice(0, 500);
  space.currentTestId = undefined;
  return { id, name, timeSpentMs: performance.now() - start, failure };
}

/** The same cases each time, few where they take long, and none made smaller. */
function quick(original) {
  const assert = (property, parameters = {}) => {
    const { numRuns = FEW } = parameters;
    const runs = numRuns < MANY ? Math.min(numRuns, FEW) : numRuns;
    return original.assert(property, { ...parameters, numRuns: runs, seed: 1, endOnFailure: true });
  };
  return { ...original, assert, default: { ...original.default, assert } };
}
