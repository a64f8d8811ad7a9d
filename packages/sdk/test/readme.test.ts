import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runReadme } from '../../../test/support/readme.js';

it('the first example of the README runs', async () => {
  const { decision } = await runReadme(fileURLToPath(new URL('..', import.meta.url)));
  expect(decision).toMatchObject({ permitted: true, code: 'permitted' });
});

it('so does that of keys over time', async () => {
  const { readFileSync } = await import('node:fs');
  const { runModule, tsBlock } = await import('../../../test/support/readme.js');
  const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const { before, after } = await runModule(tsBlock(text, 2), fileURLToPath(new URL('..', import.meta.url)));
  expect(before).toMatchObject({ permitted: true });
  expect(after).toMatchObject({ code: 'covenant_invalid', check: 'not_revoked' });
});

it('so does that of the record', async () => {
  const { mkdtempSync, readFileSync, rmSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const { runModule, tsBlock } = await import('../../../test/support/readme.js');
  const folder = mkdtempSync(join(tmpdir(), 'stele-readme-'));
  try {
    const text = tsBlock(readFileSync(new URL('../README.md', import.meta.url), 'utf8'), 3);
    const moved = text.replaceAll('/var/lib/stele', folder);
    const { receipt, report } = await runModule(moved, fileURLToPath(new URL('..', import.meta.url)));
    expect(receipt).toMatchObject({ origin: 'shop.example/agents', index: 1 });
    expect(report).toMatchObject({ valid: true, size: 2 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('so does that of the whole repository', async () => {
  const { readFileSync } = await import('node:fs');
  const { runModule, tsBlock } = await import('../../../test/support/readme.js');
  const text = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  // What it prints is gathered instead.
  const gathered = `export const codes: string[] = [];\n${tsBlock(text).replaceAll('console.log(', 'codes.push(')}`;
  const { codes } = await runModule(gathered, fileURLToPath(new URL('..', import.meta.url)));
  expect(codes).toEqual(['permitted', 'no_matching_permit']);
});
