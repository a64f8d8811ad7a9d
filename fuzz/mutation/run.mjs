// Mutation tests of the language's evaluator, matcher and proofs, of keys over time, of the formats of the log, or of what verifies it. Fails
// when 5 % of the mutants or more survive.
// Usage: npm run mutate [-- [--full] [keys | audit | evidence] [files to mutate, with commas between them]]
//   --full  tries the mutants of the language that survive the quick tests against all tests, too, which takes minutes for each
// `survivors.md` and `survivors-*.md` name those that survived, and why.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installIfChanged } from '../../scripts/lib/install.mjs';
import { main, root } from '../../scripts/lib/run.mjs';
import { rangesOf, settle, survivorsOf, tableOf } from './lib/scores.mjs';

const MOST = 0.05;
const folder = join(root, 'fuzz/mutation');
/** The passes beside that of the language, with the files that belong to them where no pass is named. */
const PASSES = {
  keys: 'packages/crypto/',
  evidence: 'packages/audit/src/verify',
  audit: 'packages/audit/',
};

await main(async () => {
  const { values, positionals } = parseArgs({
    options: { full: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  await installIfChanged(folder, 'Installing what mutates');
  const [pass, files] = passOf(positionals);
  const first = mutate(pass, files);
  const survivors = survivorsOf(first);
  const isTriedAgain = values.full && pass === 'quick' && survivors.length > 0;
  const second = isTriedAgain ? mutate('full', rangesOf(survivors).join(',')) : [];
  const mutants = settle(first, second);
  process.stdout.write(`\n${tableOf(mutants)}\n`);
  return survivorsOf(mutants).length < MOST * mutants.length ? 0 : 1;
});

/** @returns the pass, and the files where not all of its own are meant */
function passOf([given, files]) {
  if (Object.hasOwn(PASSES, given)) return [given, files];
  const [pass = 'quick'] = Object.entries(PASSES).find(([, start]) => given?.startsWith(start)) ?? [];
  return [pass, given];
}

/** The mutants of one pass, but for those that are left out. */
function mutate(pass, files) {
  const stryker = join(folder, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const only = files === undefined ? [] : ['--mutate', files];
  const command = [stryker, 'run', join(folder, `${pass}.config.mjs`), ...only];
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error(`Stryker ended with ${status}`);
  const report = JSON.parse(readFileSync(join(folder, `out/${pass}/report.json`), 'utf8'));
  return Object.entries(report.files)
    .flatMap(([file, { mutants }]) => mutants.map((mutant) => ({ file, ...mutant })))
    .filter(({ status }) => status !== 'Ignored');
}
