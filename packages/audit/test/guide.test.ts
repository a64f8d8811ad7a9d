/** The guide to the audit log: the code in it runs as pasted, one block after the other, against the built package. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { scratch } from './support/places.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const guide = readFileSync(at('../../../docs/audit.md'), 'utf8');
const blocks = [...guide.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, block]) => block as string);
const codes = readFileSync(at('../src/lib/report.ts'), 'utf8').matchAll(/^ {2}\| '([a-z_]+)'/gm);

describe('the guide to the audit log', () => {
  it.skipIf(!existsSync(at('../dist/index.js')))('has code that runs, and prints what it says', () => {
    const folder = scratch();
    symlinkSync(at('../../../node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'guide.mjs'), blocks.join('\n'));
    const { status, stderr, stdout } = spawnSync(process.execPath, ['guide.mjs'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    const said = [...blocks.join('\n').matchAll(/console\.log\(.*\); \/\/ (.*)/g)].map(([, text]) => text);
    expect(said.length).toBeGreaterThan(4);
    expect(stdout.trim().split('\n')).toEqual(said);
  });

  it('names every code that a report can have', () => {
    for (const [, code] of codes) expect(guide).toContain(`\`${code}\``);
  });
});
