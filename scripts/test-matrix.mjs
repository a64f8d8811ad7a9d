// Runs the whole suite on each supported version of Node. Usage: npm run test:matrix [-- 22 24]
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { main, npmCommand, root, run } from './lib/run.mjs';

const SUPPORTED = ['20', '22', '24'];

const asked = process.argv.slice(2);
const versions = asked.length > 0 ? asked : SUPPORTED;
const wrong = versions.filter((version) => !/^\d+(?:\.\d+){0,2}$/.test(version));
if (wrong.length > 0) {
  process.stderr.write(`not a version of Node: ${wrong.join(', ')}. Usage: npm run test:matrix [-- 22 24]\n`);
  process.exit(2);
}

/** The path of a Node of this version: the one that runs now, else the one that npm fetches. */
async function nodeBinary(version) {
  if (process.versions.node === version || process.versions.node.startsWith(`${version}.`))
    return process.execPath;
  const print = ['node', '-p', 'process.execPath'];
  const output = await run(
    [...npmCommand(), 'exec', '--yes', '--loglevel=error', `--package=node@${version}`, '--', ...print],
    {
      label: `Fetching Node ${version}`,
      quietMs: 2_000,
    },
  );
  return output.trim().split('\n').at(-1);
}

/** The suite on one version; its output is shown as it comes. */
function testOn(binary) {
  const start = performance.now();
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const { status } = spawnSync(binary, [vitest, 'run'], { cwd: root, stdio: 'inherit' });
  return { passed: status === 0, seconds: (performance.now() - start) / 1000 };
}

await main(async () => {
  const prepare = [process.execPath, join(root, 'scripts/prepare.mjs')];
  await run(prepare, { label: 'Installing and building', quietMs: 3_000 });
  const rows = [];
  for (const version of versions) {
    const binary = await nodeBinary(version);
    const exact = (await run([binary, '-p', 'process.version'])).trim();
    process.stdout.write(`\nNode ${exact}\n`);
    rows.push({ exact, ...testOn(binary) });
  }
  process.stdout.write('\n');
  for (const { exact, passed, seconds } of rows) {
    process.stdout.write(
      `Node ${exact.padEnd(10)} ${passed ? 'passed' : 'FAILED'} ${seconds.toFixed(1).padStart(7)} s\n`,
    );
  }
  return rows.every(({ passed }) => passed) ? 0 : 1;
});
