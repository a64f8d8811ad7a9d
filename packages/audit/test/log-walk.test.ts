/** What a walk through a log keeps while it looks for what is wrong. */
import { describe, expect, it } from 'vitest';
import { type FindingKind, Findings } from '../src/lib/findings.js';
import { LogWalk } from '../src/lib/log-walk.js';
import { hashLeaf } from '../src/lib/merkle.js';
import { keyOf, leaves, madeLog, naiveRoot, readerOf } from './support/made-log.js';

const finding = (index: number, before = index + 1, kind: FindingKind = 'entry') => ({
  ...{ kind, index, before },
  ...{ level: 0, tile: 0 },
});

describe('Findings', () => {
  it('are a hundred at most', () => {
    const findings = new Findings();
    for (let i = 0; i < 99; i++) findings.add(finding(i));
    expect(findings.isFull).toBe(false);
    for (let i = 99; i < 150; i++) findings.add(finding(i));
    expect(findings.isFull).toBe(true);
    expect(findings.list).toHaveLength(100);
  });

  it('are of the entries from the first to the last, and of none beside', () => {
    const findings = new Findings();
    findings.add(finding(256, 512));
    findings.add(finding(700, 701, 'tile-missing'));
    const touched = [0, 255, 256, 511, 512, 700].filter((index) => findings.touches(index, index + 1));
    expect(touched).toEqual([256, 511]);
    expect(findings.touches(0, 1_000)).toBe(true);
  });
});

describe('LogWalk', () => {
  it('keeps the roots that are wanted, and no others', async () => {
    const entries = leaves(700);
    const reader = readerOf(await madeLog(entries, await keyOf(1)));
    const sizes = [0, 300, 700];
    const walk = new LogWalk({ reader, first: 0, size: 700, sizes, onBundle: () => undefined });
    await walk.run();
    expect([...walk.roots]).toEqual(
      sizes.map((size) => [size, naiveRoot(entries.slice(0, size).map(hashLeaf))]),
    );
  });
});
