/** What the fuzzer found, and inputs that reach much of the sources (see fuzz/ at the root). */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Case, checkCase } from './fuzz/oracles.js';

const folder = new URL('./fuzz-cases/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
const read = (name: string) =>
  [JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Case | Case[]].flat();

describe('what holds for every input', () => {
  it.each(names)('holds for %s', (name) => {
    const cases = read(name);
    expect(cases.length).toBeGreaterThan(0);
    for (const one of cases) checkCase(one);
  });
});
