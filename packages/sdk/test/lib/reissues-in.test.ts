import { beforeEach, describe, expect, it } from 'vitest';
import {
  buildKeyContinuity,
  type CovenantDocument,
  type CovenantStore,
  generateKeyPair,
  type ListOptions,
  MemoryStore,
  reissueCovenant,
} from '../../src/index.js';
import { ReissueIndex, reissuesIn, remembered } from '../../src/lib/reissues-in.js';
import { type Cast, Clock, cast } from '../support.js';

let c: Cast;
let store: MemoryStore;
let old: CovenantDocument, other: CovenantDocument, renewed: CovenantDocument;
beforeEach(async () => {
  c = await cast();
  store = new MemoryStore();
  const newKey = await generateKeyPair();
  [old, other] = [await c.covenant('permit a on /'), await c.covenant('permit b on /')];
  const continuity = [await buildKeyContinuity({ oldKey: c.owner, newKey })];
  renewed = await reissueCovenant(old, { signer: newKey, continuity });
  for (const each of [old, other, renewed]) await store.put(each);
});

describe('reissuesIn', () => {
  it('finds what says that it reissues a covenant, and nothing else', async () => {
    expect(await reissuesIn(store)(old.id)).toEqual([renewed]);
    expect(await reissuesIn(store)(other.id)).toEqual([]);
    // Also where the original itself was handed over and never stored.
    await store.delete(old.id);
    expect(await reissuesIn(store)(old.id)).toEqual([renewed]);
    expect(await (await ReissueIndex.of(store)).find(old.id)).toEqual([renewed]);
  });

  it('asks for those of one beneficiary, and ends', async () => {
    const asked: ListOptions[] = [];
    const endless = {
      get: async () => old,
      list: async (options: ListOptions) => {
        asked.push(options);
        return { items: [], nextCursor: 'more' };
      },
    };
    const find = reissuesIn(endless as unknown as CovenantStore);
    await expect(find(old.id)).rejects.toMatchObject({ code: 'too_many_covenants' });
    expect(asked).toHaveLength(64);
    expect(asked.every(({ beneficiary }) => beneficiary === c.agent.did)).toBe(true);
  });
});

describe('remembered', () => {
  it('asks again after a second, at once when it failed, and when the clock went back or stands in doubt', async () => {
    const clock = new Clock();
    const answers: unknown[] = ['first', new Error('away'), 'second', 'third', 'fourth', 'fifth'];
    const find = remembered(
      async () => {
        const answer = answers.shift();
        if (answer instanceof Error) throw answer;
        return [answer];
      },
      () => clock.now,
    );
    expect(await find('a')).toEqual(['first']);
    clock.advance(999);
    expect(await find('a')).toEqual(['first']);
    clock.advance(1);
    await expect(find('a')).rejects.toThrow('away');
    expect(await find('a')).toEqual(['second']);
    clock.advance(-1);
    expect(await find('a')).toEqual(['third']);
    clock.now = Number.NaN;
    expect(await find('a')).toEqual(['fourth']);
    expect(await find('a')).toEqual(['fifth']);
  });
});
