// Writes docs/codes.md from the table of decision codes, so that the two never differ.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { root } from './lib/run.mjs';

export const codesSource = 'packages/types/src/codes.ts';
export const codesFile = 'docs/codes.md';

/** @param {string} source the text of {@link codesSource} @returns {Promise<string>} the text of {@link codesFile} */
export async function renderCodes(source) {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  const { DECISION_CODES } = await import(`data:text/javascript,${encodeURIComponent(outputText)}`);
  const cell = (text) => text.replaceAll('|', '\\|');
  const rows = Object.entries(DECISION_CODES).map(
    ([code, { meaning, mend, retryable }]) =>
      `| \`${code}\` | ${cell(meaning)} | ${cell(mend)} | ${retryable ? 'yes' : 'no'} |`,
  );
  return `${[
    '# Decision codes',
    '',
    'Every decision carries one of these codes. They are stable: test the code, never the text. *Retryable* means that the same',
    'request may be permitted later although neither it nor the covenant has changed.',
    '',
    'In code: `DECISION_CODES` of `@stele/types`. This page is made from that table by `npm run docs`.',
    '',
    '| code | what it means | how to mend it | retryable |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n')}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(join(root, codesFile), await renderCodes(readFileSync(join(root, codesSource), 'utf8')));
}
