// Attacks the proofs of CCL with random documents and requests, and key rings, stores and limits with processes that meet
// and die, far longer than the tests do.
// Usage: npm run nightly [-- --triples 10000000 --seed 1 --world plain|full]
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { CommandError, root, run } from './lib/run.mjs';

const REQUESTS = 200; // for each pair that is said to narrow
const PROGRESS_MS = 10_000;
/** Suites whose tests go on longer when they are told to. */
const LONGER = [
  {
    what: '1,000 rotations by each of two processes, in files and in SQLite',
    env: { STELE_ROTATIONS: '1000' },
    suites: [
      'packages/crypto/test/key-ring.processes.test.ts',
      'packages/store/test/sqlite-key-ring.processes.test.ts',
    ],
  },
  {
    what: '500 deaths of writers, and 1,000 puts by each of two processes',
    env: { STELE_KILLS: '500', STELE_PUTS: '1000' },
    suites: ['packages/store/test/kill.test.ts', 'packages/store/test/crash.test.ts'],
  },
  {
    what: 'walks through a million documents, in memory that does not grow',
    env: { STELE_LIST_DOCUMENTS: '1000000' },
    suites: ['packages/store/test/list-memory.test.ts'],
  },
  {
    what: 'a million charges by eight processes, two of them killed, on PostgreSQL and on Redis',
    env: { STELE_LIMIT_OPERATIONS: '1000000' },
    suites: ['packages/store/test/limits.remote-processes.test.ts'],
  },
  {
    what: '1,000 deaths of writers of a log, and a disk that fails at every operation',
    env: { STELE_KILLS: '1000', STELE_FAULT_STRIDE: '1' },
    suites: ['packages/audit/test/file-log.killed.test.ts', 'packages/audit/test/audit-log.faults.test.ts'],
  },
  {
    what: 'a disk under local stores that fails at every call, and a connection to PostgreSQL that is cut at every message',
    env: { STELE_FAULT_STRIDE: '1' },
    suites: [
      'packages/store/test/local-stores.faults.test.ts',
      'packages/store/test/postgres-messages.faults.test.ts',
    ],
  },
  {
    what: '1,000 deaths of writers of logs in SQLite and in PostgreSQL, and four processes on one log',
    env: { STELE_LOG_KILLS: '1000', STELE_LOG_ENTRIES: '5000' },
    suites: [
      'packages/audit/test/databases.killed.test.ts',
      'packages/audit/test/databases.processes.test.ts',
    ],
  },
  {
    what: '200 deaths of who erases, of witnesses, and of anchored stores over every medium',
    env: { STELE_KILLS: '200', STELE_PUTS: '300', STELE_ANCHORED_MEDIA: 'all' },
    suites: [
      'packages/audit/test/erasure.kill.test.ts',
      'packages/audit/test/witness.killed.test.ts',
      'packages/store/test/anchored.processes.test.ts',
      'packages/store/test/anchored-store.test.ts',
    ],
  },
  {
    what: 'the page of an audit log of 100,000 entries, in a browser',
    env: { STELE_PAGE_ENTRIES: '100000' },
    suites: ['packages/cli/test/audit-page.test.ts'],
  },
];
const out = join(root, 'dist/nightly');

const { values } = parseArgs({
  options: { triples: { type: 'string' }, seed: { type: 'string' }, world: { type: 'string' } },
});
const triples = wholeNumber('triples', values.triples ?? '10000000');
const firstSeed = wholeNumber('seed', values.seed ?? String(Date.now() % 2 ** 32));
const worlds = values.world === undefined ? ['plain', 'full'] : [values.world];
if (!worlds.every((world) => world === 'plain' || world === 'full')) fail('--world is plain or full');

const { attack, relatedPair, WORLDS } = await loadAttack();
process.stdout.write(`seed ${firstSeed}, ${triples} triples\n`);
const counts = { true: 0, false: 0, unknown: 0 };
const failures = [];
let done = 0;
let permitted = 0;
let pairs = 0;
let shown = Date.now();
while (done < triples) {
  const seed = (firstSeed + pairs) >>> 0;
  const world = worlds[pairs % worlds.length];
  const round = attack(relatedPair(seed, WORLDS[world]), seed, REQUESTS, WORLDS[world]);
  pairs++;
  done += round.triples;
  permitted += round.permitted;
  counts[round.answer]++;
  if (round.failure !== undefined) failures.push(`world ${world}, ${round.failure}`);
  if (Date.now() - shown > PROGRESS_MS) {
    shown = Date.now();
    report();
  }
}
report();
if (failures.length > 0) {
  await mkdir(out, { recursive: true });
  const file = join(out, `failures-${firstSeed}.txt`);
  await writeFile(file, failures.join('\n\n'));
  process.stderr.write(
    `${failures.slice(0, 5).join('\n\n')}\n\n${failures.length} failures, all in ${file}\n`,
  );
}
let passed = failures.length === 0;
for (const longer of LONGER) passed = (await goOnLonger(longer)) && passed;
passed = (await underOldestFrameworks()) && passed;
passed = (await measuresStill()) && passed;
passed = (await languageByChance()) && passed;
passed = (await reachesAllOfTheLog()) && passed;
process.exitCode = passed ? 0 : 1;

function report() {
  const answers = Object.entries(counts).map(([answer, count]) => `${answer} ${count}`);
  process.stdout.write(
    `${done} triples (the child permits ${permitted}), ${pairs} pairs (${answers.join(', ')}), ${failures.length} failures\n`,
  );
}

/** The attack is TypeScript of the tests, so it is bundled first, with the sources as they stand. */
async function loadAttack() {
  const outfile = join(out, 'attack.mjs');
  const entryPoints = [join(root, 'packages/ccl/test/prove/support/attack.ts')];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'warning' });
  return import(pathToFileURL(outfile));
}

/** @returns whether they passed */
function goOnLonger({ what, env, suites }) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  return passes(what, [process.execPath, vitest, 'run', ...suites], env);
}

/** @returns whether they passed */
function underOldestFrameworks() {
  const command = [process.execPath, join(root, 'scripts/test-frameworks.mjs')];
  return passes('the adapters under the oldest and the newest frameworks', command, {});
}

/** @returns whether the language held against random documents, as in `npm test` */
function languageByChance() {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  return passes('the language by chance', [process.execPath, vitest, 'run', '--project', 'ccl-chance'], {});
}

/** @returns whether the tests of the audit log pass, and reach every branch of it */
function reachesAllOfTheLog() {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const command = [process.execPath, vitest, 'run', '--coverage', '--root', join(root, 'packages/audit')];
  return passes('every branch of the audit log', command, {});
}

/** @returns whether every measurement still runs; its figures mean nothing */
function measuresStill() {
  const command = [process.execPath, join(root, 'scripts/bench.mjs'), '--smoke'];
  return passes('bench, one short round', command, {});
}

async function passes(what, command, env) {
  try {
    await run(command, { env: { ...process.env, ...env } });
    process.stdout.write(`${what}: passed\n`);
    return true;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(`${what}: failed\n${error.output}\n`);
    return false;
  }
}

function wholeNumber(name, text) {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) fail(`--${name} is a whole number`);
  return value;
}

function fail(message) {
  process.stderr.write(`${message}. Usage: npm run nightly [-- --triples 10000000 --seed 1 --world plain]\n`);
  process.exit(2);
}
