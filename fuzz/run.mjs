// Coverage-guided fuzzing of the language: parse, format and evaluate against a naive reading of the specification.
// Usage: npm run fuzz -- [--minutes 60] [--seed 1] [--compare]
//   --minutes  processor time to spend
//   --seed     where the random choices begin; a run with the same seed makes the same inputs
//   --compare  also asks of two documents which one is narrower
// Writes to fuzz/out/: each finding as a case for packages/ccl/test/fuzz-cases/, inputs that reach all that was reached,
// and the lines that nothing reached. Exits with 1 if there is a finding.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { root } from '../scripts/lib/run.mjs';
import { instrument } from './lib/instrument.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    compare: { type: 'boolean', default: false },
  },
});

const out = join(root, 'fuzz/out');
mkdirSync(out, { recursive: true });
const branches = [];
const bundle = join(out, `fuzz-${process.pid}.cjs`);
await build({
  entryPoints: [join(root, 'fuzz/lib/fuzz.ts')],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  banner: { js: 'globalThis.__branch = () => {};' }, // until the counter stands in its place
  logLevel: 'error',
  absWorkingDir: root,
  plugins: [instrument(/packages[\\/]ccl[\\/]src[\\/].*\.ts$/, branches)],
});
const { fuzz } = createRequire(import.meta.url)(bundle);
rmSync(bundle);

const cases = join(root, 'packages/ccl/test/fuzz-cases');
const seeds = readdirSync(cases).filter((name) => name.endsWith('.json'));
const result = fuzz({
  seed: Number(values.seed),
  milliseconds: Number(values.minutes) * 60_000,
  compares: values.compare,
  branches: branches.length,
  seeds: seeds.flatMap((name) => JSON.parse(readFileSync(join(cases, name), 'utf8'))),
  onFinding: report,
  onProgress: show,
});
show(result);
const places = result.unreached.map((branch) => branches[branch].slice(root.length + 1));
writeFileSync(join(out, `unreached-${values.seed}.txt`), [...new Set(places), ''].join('\n'));
const lines = result.cover.map(({ text, requests, other }) => JSON.stringify({ text, requests, other }));
writeFileSync(join(out, `cover-${values.seed}.json`), `[\n${lines.join(',\n')}\n]\n`);
process.exitCode = result.findings === 0 ? 0 : 1;

function report(input, error) {
  const text = JSON.stringify({ why: error.message.slice(0, 2_000), ...input }, null, 2);
  const name = `finding-${createHash('sha256').update(text).digest('hex').slice(0, 12)}.json`;
  writeFileSync(join(out, name), `${text}\n`);
  process.stdout.write(`FINDING ${name}: ${error.stack?.slice(0, 1_500)}\n${JSON.stringify(input)}\n`);
}

function show({ runs, milliseconds, inputs, features, unreached, findings }) {
  const reached = `${branches.length - unreached.length} of ${branches.length} branches`;
  const minutes = (milliseconds / 60_000).toFixed(1);
  process.stdout.write(
    `${minutes} min: ${runs} runs, ${reached}, ${features} features, ${inputs} inputs, ${findings} findings\n`,
  );
}
