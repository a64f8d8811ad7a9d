/** The history of keys as a value: what each change gives, and what it leaves alone. */
import { describe, expect, it } from 'vitest';
import { KeyHistory, MAX_KEYS } from '../src/lib/key-ring-history.js';
import type { KeyRecord } from '../src/lib/managed-key.js';

const hex = (n: number) => n.toString(16).padStart(64, '0');
const key = (n: number): KeyRecord => ({ publicKeyHex: hex(n), createdAt: n, sealed: `sealed ${n}` });
const once = { overlapMs: 100, maxKeys: 3 };

/** So many keys, each put in place at the time of its number. */
function historyOf(count: number, succession = once): KeyHistory {
  let history = new KeyHistory('covenant');
  for (let n = 1; n <= count; n++) history = history.succeededBy(key(n), n, succession);
  return history;
}

describe('a history', () => {
  it('begins with a key that replaced none', () => {
    const history = historyOf(1);
    expect(history.keys).toEqual([key(1)]);
    expect(history.active).toEqual(key(1));
    expect(new KeyHistory('covenant').active).toBeUndefined();
  });

  it('gives a key that was replaced its end, no later than a date can be', () => {
    expect(historyOf(2).keys[0]).toEqual({ ...key(1), replacedAt: 2, verifiesUntil: 102 });
    const forever = historyOf(2, { overlapMs: Number.MAX_SAFE_INTEGER, maxKeys: 3 });
    expect(forever.keys[0]?.verifiesUntil).toBe(8.64e15);
  });

  it('retires the oldest beyond those that may verify, and wipes it', () => {
    expect(historyOf(3).open).toHaveLength(3);
    const { keys, open } = historyOf(4);
    expect(keys[0]).toEqual({
      publicKeyHex: hex(1),
      createdAt: 1,
      replacedAt: 2,
      verifiesUntil: 102,
      retiredAt: 4,
    });
    expect(open).toEqual(keys.slice(1));
  });

  it('retires what is past its overlap, from that moment on, and is the same where nothing is', () => {
    const history = historyOf(3);
    expect(history.retired(101)).toBe(history);
    const retired = history.retired(102);
    expect(retired.keys.map(({ retiredAt }) => retiredAt)).toEqual([102, undefined, undefined]);
    expect(retired.keys.map(({ sealed }) => sealed)).toEqual([undefined, 'sealed 2', 'sealed 3']);
    expect(retired.retired(102)).toBe(retired);
    expect(
      historyOf(3)
        .usable(101)
        .map(({ createdAt }) => createdAt),
    ).toEqual([1, 2, 3]);
    expect(
      historyOf(3)
        .usable(102)
        .map(({ createdAt }) => createdAt),
    ).toEqual([2, 3]);
  });

  it('wipes a key that is revoked, for the first reason, and is the same for the key of someone else', () => {
    const history = historyOf(2);
    const first = { publicKeyHex: hex(1), reason: 'first', revokedAt: 5 };
    const revoked = history.revoked(first);
    expect(revoked.keys).toEqual([
      { publicKeyHex: hex(1), createdAt: 1, replacedAt: 2, verifiesUntil: 102 },
      key(2),
    ]);
    expect(revoked.open).toEqual([key(2)]);
    const again = revoked.revoked({ ...first, reason: 'second', revokedAt: 6 });
    expect([...again.revocations.values()]).toEqual([first]);
    expect(again.revoked({ ...first, publicKeyHex: hex(9) })).toBe(again);
    expect(again.revocations.size).toBe(2);
    expect(again.retired(102)).toBe(again);
  });

  it('tells of each key what applies to it, and nothing else', () => {
    const pair = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
    const did = 'did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw';
    const active = { publicKeyHex: pair, createdAt: 0 };
    const replaced = { ...active, replacedAt: 1_000, verifiesUntil: 2_000 };
    const retired = { ...replaced, retiredAt: 3_000 };
    const at = (second: number) => `1970-01-01T00:00:0${second}.000Z`;
    const revocations = new Map([[pair, { publicKeyHex: pair, reason: 'stolen', revokedAt: 4_000 }]]);
    const told = (key: KeyRecord, revoked?: typeof revocations) =>
      new KeyHistory('log', [key], revoked).describe(key, 1_500);
    const common = { publicKeyHex: pair, did, use: 'log', createdAt: at(0) };
    const ends = { replacedAt: at(1), verifiesUntil: at(2) };
    expect(told(active)).toStrictEqual({ ...common, state: 'active' });
    expect(told(replaced)).toStrictEqual({ ...common, state: 'retiring', ...ends });
    expect(told(retired)).toStrictEqual({ ...common, state: 'retired', ...ends, retiredAt: at(3) });
    const revoked = { state: 'revoked', revokedAt: at(4), reason: 'stolen' };
    expect(told(active, revocations)).toStrictEqual({ ...common, ...revoked });
    expect(told(replaced, revocations)).toStrictEqual({ ...common, ...revoked, replacedAt: at(1) });
    expect(told(retired, revocations)).toStrictEqual({
      ...common,
      ...revoked,
      replacedAt: at(1),
      retiredAt: at(3),
    });
    expect(Object.isFrozen(told(active))).toBe(true);
  });

  it('forgets the oldest key that is spent, and only beyond its bound', () => {
    const spent = (n: number): KeyRecord => ({
      publicKeyHex: hex(n),
      createdAt: n,
      replacedAt: 1,
      verifiesUntil: 1,
      retiredAt: 1,
    });
    const wide = { overlapMs: 100, maxKeys: 5 };
    const retiring = { ...key(0), replacedAt: 1, verifiesUntil: 9e9 };
    const many = [retiring, ...Array.from({ length: MAX_KEYS - 3 }, (_, i) => spent(i + 1)), key(MAX_KEYS)];
    expect(many).toHaveLength(MAX_KEYS - 1);
    const full = new KeyHistory('covenant', many).succeededBy(key(MAX_KEYS + 1), 2, wide);
    expect(full.keys.map(({ publicKeyHex }) => publicKeyHex)).toEqual(
      [...many, key(MAX_KEYS + 1)].map(({ publicKeyHex }) => publicKeyHex),
    );
    const next = full.succeededBy(key(MAX_KEYS + 2), 3, wide);
    expect(next.keys).toHaveLength(MAX_KEYS);
    expect(next.keys.slice(0, 2).map(({ createdAt }) => createdAt)).toEqual([0, 2]);
    expect(next.find(hex(1))).toBeUndefined();
  });
});
