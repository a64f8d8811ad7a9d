// What no file says, and what generated files say.

import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { codesFile, codesSource, renderCodes } from '../write-codes.mjs';
import { metricsFile, metricsSource, renderMetrics } from '../write-metrics.mjs';
import { lineAt } from './read.mjs';

const isText = (file) => !/\.(?:png|jpg|gif|ico|woff2?|gz|zip|db|sqlite|bin|wasm)$/.test(file);

/** No file knows the machine that it was written on, or where packages were downloaded from. */
export function filesKnowNoMachine(house) {
  const problems = [];
  for (const file of house.files.filter(isText)) {
    const text = house.text(file);
    for (const { pattern, message, mend } of forbidden(house.root)) {
      for (const { index } of text.matchAll(pattern))
        problems.push({ file, line: lineAt(text, index), message, mend });
    }
  }
  return problems;
}

function forbidden(root) {
  const literal = (path) => path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const parent = dirname(root); // what stands beside the repository belongs to this machine too
  const paths = [root, ...(parent === '/' || parent === tmpdir() ? [] : [parent])];
  return [
    {
      pattern: /"resolved":\s*"https?:/g,
      message: 'a download address in the lockfile',
      mend: 'run `npm install` again with the .npmrc of this repository',
    },
    {
      pattern: /\bregistry\.[a-z0-9-]+(?:\.[a-z0-9-]+)+/g,
      message: 'the host of a package registry',
      mend: 'leave the registry to the configuration of the reader',
    },
    {
      pattern: new RegExp(`(?<![\\w./*-])(?:${paths.map(literal).join('|')})(?=/|$|["'\`\\s])`, 'gm'),
      message: 'an absolute path of this machine',
      mend: 'write it relative to the repository',
    },
  ];
}

/** docs/codes.md is what scripts/write-codes.mjs writes. */
export async function codesAreDocumented(house) {
  if (!house.files.includes(codesSource)) return [];
  const expected = await renderCodes(house.text(codesSource));
  if (house.files.includes(codesFile) && house.text(codesFile) === expected) return [];
  return [{ file: codesFile, line: 1, message: `differs from ${codesSource}`, mend: 'run `npm run docs`' }];
}

/** docs/metrics.md is what scripts/write-metrics.mjs writes. */
export async function metricsAreDocumented(house) {
  if (!house.files.includes(metricsSource)) return [];
  const expected = await renderMetrics(house.text(metricsSource));
  if (house.files.includes(metricsFile) && house.text(metricsFile) === expected) return [];
  return [
    { file: metricsFile, line: 1, message: `differs from ${metricsSource}`, mend: 'run `npm run docs`' },
  ];
}
