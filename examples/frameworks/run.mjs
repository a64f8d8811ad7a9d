// Runs one example: node run.mjs langchain. Installs and builds first what is not there yet.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installNewest } from '../../scripts/lib/frameworks.mjs';
import { root, run } from '../../scripts/lib/run.mjs';

const SHARED = ['bank', 'run', 'scripted', 'visitor'];
const examples = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.slice(0, -'.mjs'.length))
  .filter((name) => !SHARED.includes(name));

const [name] = process.argv.slice(2);
if (!examples.includes(name)) {
  console.error(`node run.mjs NAME, which is one of: ${examples.join(', ')}`);
  process.exit(2);
}
const prepare = [process.execPath, join(root, 'scripts/prepare.mjs')];
await run(prepare, { label: 'Installing and building', quietMs: 3_000 });
await installNewest();
await import(`./${name}.mjs`);
