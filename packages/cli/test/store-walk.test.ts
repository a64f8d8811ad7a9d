/** Two stores side by side, against the plainest way to say what they have in common. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sideBySide } from '../src/lib/store/walk.js';

const ids = fc
  .uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 4 }))
  .map((all) => all.sort());

async function* walk(from: readonly string[], ended: () => void = () => undefined) {
  try {
    for (const id of from) yield { id };
  } finally {
    ended();
  }
}

describe('two walks side by side', () => {
  it('meet every id of either once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(ids, ids, async (from, to) => {
        const met: [string, boolean, boolean][] = [];
        for await (const pair of sideBySide(walk(from), walk(to)))
          met.push([pair.id, pair.from !== undefined, pair.to !== undefined]);
        const all = [...new Set([...from, ...to])].sort();
        expect(met).toEqual(all.map((id) => [id, from.includes(id), to.includes(id)]));
      }),
    );
  });

  it('both end when nobody goes on', async () => {
    let ended = 0;
    const end = () => {
      ended++;
    };
    for await (const _ of sideBySide(walk(['a', 'b'], end), walk(['a', 'c'], end))) break;
    expect(ended).toBe(2);
  });
});
