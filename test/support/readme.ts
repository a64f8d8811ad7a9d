/** Runs the first TypeScript example of a README, so that what a newcomer pastes is what was tested. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transformSync } from 'esbuild';

/** The n-th fenced `ts` block of a Markdown text (0 is the first). */
export function tsBlock(markdown: string, n = 0): string {
  const blocks = [...markdown.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1] as string);
  const block = blocks[n];
  if (block === undefined) throw new RangeError(`the text has ${blocks.length} ts blocks, no number ${n}`);
  return block;
}

/**
 * Executes TypeScript source as an ES module that resolves packages from `packageFolder`.
 * @returns the module's exports
 */
export async function runModule(source: string, packageFolder: string): Promise<Record<string, unknown>> {
  const { code } = transformSync(source, { loader: 'ts', format: 'esm', target: 'node20' });
  const folder = mkdtempSync(join(packageFolder, '.example-'));
  try {
    const file = join(folder, 'example.mjs');
    writeFileSync(file, code);
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Record<string, unknown>;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Executes the first `ts` block of `<packageFolder>/README.md` against the built package. */
export async function runReadme(packageFolder: string): Promise<Record<string, unknown>> {
  return runModule(tsBlock(readFileSync(join(packageFolder, 'README.md'), 'utf8')), packageFolder);
}
