import { type KeyPair, toSigner } from '@stele/crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildKeyContinuity,
  buildRevocationList,
  type CovenantDocument,
  type ListedKey,
  type RevocationListDocument,
  type RevocationListOptions,
  type RevocationLists,
  type Verification,
  type VerifyOptions,
  verifyCovenant,
  verifyRevocationList,
} from '../src/index.js';
import { makeProof } from '../src/lib/proof.js';
import { at, type Family, failed, family, HOUR, keys, NOW } from './support.js';

let f: Family;
let lister: KeyPair, other: KeyPair, stranger: KeyPair;
let list: RevocationListDocument;
const when = '2026-11-21T02:00:00Z';

beforeAll(async () => {
  f = await family();
  [lister, other, stranger] = (await keys(3)) as [KeyPair, KeyPair, KeyPair];
  list = await made({ number: 7, covenants: [named(f.root)] });
});

const named = (document: Pick<CovenantDocument, 'id'>) => ({
  covenant: document.id,
  reason: 'x',
  revokedAt: when,
});
const key = (of: KeyPair, status: ListedKey['status'] = 'compromised') => ({
  key: of.did,
  status,
  reason: 'x',
  revokedAt: when,
});

const made = (options: Partial<RevocationListOptions> = {}) =>
  buildRevocationList({ number: 1, nextUpdate: at(HOUR), signer: lister, now: NOW, ...options });

/** Signs what the builder refuses. */
async function signedList(changes: object, signer = lister, from = list) {
  const { proof: _, ...content } = { ...from, ...changes };
  return { ...content, proof: [await makeProof(content, signer, from.issuedAt)] };
}

const check = (value: unknown, options = {}) =>
  verifyRevocationList(value, { issuers: [lister.did], now: NOW, ...options });

describe('buildRevocationList', () => {
  it('makes what verifies, as a document, as text and as bytes, frozen and not verified twice', async () => {
    const text = JSON.stringify(list);
    for (const form of [list, text, new TextEncoder().encode(text)])
      expect(await check(form)).toEqual({ valid: true, list });
    const first = (await check(list)).list;
    expect(Object.isFrozen(first?.covenants[0])).toBe(true);
    expect((await check(first)).list).toBe(first);
  });

  it('is signed by no key that is for another use', async () => {
    await expect(made({ signer: toSigner(lister, 'log') })).rejects.toMatchObject({ code: 'key_use_wrong' });
    expect((await check(await made({ signer: toSigner(lister, 'covenant') }))).valid).toBe(true);
  });

  it.each([
    ['number 0', { number: 0 }],
    ['a fraction for a number', { number: 1.5 }],
    ['a number beyond what JSON carries', { number: 2 ** 53 }],
    ['an update due before it is issued', { nextUpdate: NOW }],
    ['no valid date', { nextUpdate: new Date(Number.NaN) }],
    [
      'an empty reason',
      { covenants: [{ covenant: `urn:stele:covenant:${'0'.repeat(64)}`, reason: '', revokedAt: when }] },
    ],
    ['what is no covenant’s id', { covenants: [{ covenant: 'x', reason: 'x', revokedAt: when }] }],
  ])('refuses %s', async (_name, options) => {
    await expect(made(options)).rejects.toMatchObject({ code: 'list_malformed' });
  });

  it('refuses a key or a covenant twice, another status, and an entry with more members', async () => {
    const bad: Partial<RevocationListOptions>[] = [
      { covenants: [named(f.root), named(f.root)] },
      { keys: [key(other), key(other, 'retired')] },
      { keys: [key(other, 'active' as 'retired')] },
      { keys: [{ ...key(other), note: 'x' } as ListedKey] },
    ];
    for (const options of bad) await expect(made(options)).rejects.toMatchObject({ code: 'list_malformed' });
  });
});

describe('verifyRevocationList', () => {
  it('refuses a change of any member', async () => {
    const changes: Record<keyof RevocationListDocument, unknown> = {
      type: 'SteleRevocation',
      version: '2',
      issuer: other.did,
      number: 8,
      issuedAt: '2026-11-21T02:59:59Z',
      nextUpdate: '2027-11-21T03:00:00Z',
      covenants: [],
      keys: [key(other)],
      proof: [],
    };
    for (const [name, value] of Object.entries(changes))
      expect([
        name,
        (await check({ ...list, [name]: value }, { issuers: [lister.did, other.did] })).valid,
      ]).toEqual([name, false]);
  });

  it.each([
    ['with an unknown member', () => signedList({ note: 1 }), 'malformed'],
    ['signed by another than its issuer', () => signedList({}, other), 'malformed'],
    ['with two proofs', async () => ({ ...list, proof: [list.proof, list.proof].flat() }), 'malformed'],
    ['with a proof that is false', () => ({ ...list, number: 9 }), 'not_signed'],
    ['of another issuer', () => made({ signer: other }), 'unknown_issuer'],
    ['from the future', () => made({ now: at(61_000), nextUpdate: at(HOUR) }), 'from_the_future'],
    ['that is null', () => null, 'malformed'],
    ['that is no JSON', () => '[', 'malformed'],
    [
      'with a name twice',
      () => JSON.stringify(list).replace('"number":7', '"number":7,"number":8'),
      'malformed',
    ],
    ['over 4 MiB', () => ' '.repeat(4 * 1024 * 1024 + 1), 'malformed'],
  ])('refuses one %s', async (_name, make, code) => {
    expect(await check(await make())).toMatchObject({ valid: false, code, reason: expect.any(String) });
  });

  it('takes 16,384 entries and no more', async () => {
    const id = (i: number) => ({ id: `urn:stele:covenant:${i.toString(16).padStart(64, '0')}` });
    const entries = Array.from({ length: 16_385 }, (_, i) => named(id(i)));
    const full = await made({ covenants: entries.slice(1) });
    expect((await check(full)).valid).toBe(true);
    await expect(made({ covenants: entries })).rejects.toMatchObject({ code: 'list_malformed' });
  });

  it('holds until the next is due, without skew', async () => {
    expect((await check(list, { now: at(HOUR - 1) })).valid).toBe(true);
    for (const ms of [HOUR, HOUR + 1])
      expect(await check(list, { now: at(ms) })).toMatchObject({ valid: false, code: 'stale', list });
  });

  it.each(['compromised', 'retired'] as const)(
    'is refused when its issuer’s own key is %s',
    async (status) => {
      const keyStatus = (hex: string) => (hex === lister.publicKeyHex ? status : undefined);
      const refused = { valid: false, code: 'issuer_key_in_doubt' };
      expect(await check(list, { keyStatus })).toMatchObject(refused);
      expect(await check(await made({ keys: [key(lister, status)] }))).toMatchObject(refused);
      expect((await check(list, { keyStatus: () => undefined })).valid).toBe(true);
      expect((await check(await made({ keys: [key(other, status)] }))).valid).toBe(true);
    },
  );

  it('is refused when the status of its issuer’s key cannot be known', async () => {
    const keyStatus = () => Promise.reject(new Error('down'));
    expect((await check(list, { keyStatus })).code).toBe('issuer_key_in_doubt');
  });

  it('may be dated a minute ahead', async () => {
    const ahead = await made({ now: at(60_000) });
    expect((await check(ahead)).valid).toBe(true);
    expect((await check(ahead, { clockSkewMs: 59_999 })).code).toBe('from_the_future');
  });

  it('refuses a number lower than the highest seen, and takes the same again', async () => {
    const highest = (number: unknown) => ({ highestSeen: () => number });
    for (const number of [undefined, 0, 6, 7]) expect((await check(list, highest(number))).valid).toBe(true);
    expect(await check(list, highest(8))).toMatchObject({ valid: false, code: 'rolled_back', list });
    for (const number of [Number.NaN, '7', null, {}])
      expect(await check(list, highest(number))).toMatchObject({ valid: false, code: 'unavailable' });
    const highestSeen = () => Promise.reject(new Error('down'));
    expect((await check(list, { highestSeen })).code).toBe('unavailable');
  });

  it('asks for the number of this issuer', async () => {
    const highestSeen = (issuer: string) => (issuer === other.did ? 100 : undefined);
    expect((await check(list, { highestSeen })).valid).toBe(true);
  });

  it('refuses options of the wrong type', async () => {
    await expect(check(list, { issuers: lister.did })).rejects.toThrow(TypeError);
    await expect(check(list, { now: 'today' })).rejects.toThrow(TypeError);
    await expect(check(list, { clockSkewMs: '1' })).rejects.toThrow(RangeError);
  });

  it('never throws, whatever is changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(list)), fc.anything(), async (name, value) => {
        fc.pre(JSON.stringify(value) !== JSON.stringify(list[name as keyof RevocationListDocument]));
        expect((await check({ ...list, [name]: value })).valid).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});

describe('verifyCovenant with lists', () => {
  const lists = (...given: unknown[]): { revocationLists: RevocationLists } => ({
    revocationLists: { issuers: [lister.did], lists: given },
  });
  const verify = (options: VerifyOptions, document: unknown = f.root) =>
    verifyCovenant(document, { now: NOW, ...options });
  const child = (options: VerifyOptions) =>
    verify({ resolve: () => f.root, trust: [f.owner.did], ...options }, f.child);
  const message = (result: Verification, name: string) =>
    result.checks.find((one) => one.name === name)?.message;

  it('revokes what the list of a configured issuer names, and its children', async () => {
    expect(failed(await verify(lists(list)))).toEqual(['not_revoked']);
    expect(failed(await child(lists(list)))).toEqual(['not_revoked']);
    const empty = await made({ number: 8 });
    expect((await verify(lists(empty))).valid).toBe(true);
    expect(failed(await verify(lists(list, empty)))).toEqual(['not_revoked']);
  });

  it('does so for a covenant that was verified before, with a list that was', async () => {
    const { covenant } = await verify({});
    const verified = (await check(list)).list;
    expect(failed(await verify(lists(verified), covenant))).toEqual(['not_revoked']);
  });

  it('goes by a stale or rolled back list, since a revocation counts for ever', async () => {
    const late = { ...lists(list), now: at(2 * HOUR) };
    expect(failed(await verify(late))).toEqual(['not_revoked']);
    const { revocationLists } = lists(list);
    expect(failed(await verify({ revocationLists: { ...revocationLists, highestSeen: () => 9 } }))).toEqual([
      'not_revoked',
    ]);
  });

  it('ignores and reports a list of a party without the right', async () => {
    const theirs = await made({ signer: stranger, covenants: [named(f.root)], keys: [key(f.owner)] });
    const result = await verify(lists(theirs));
    expect(result.valid).toBe(true);
    expect(message(result, 'not_revoked')).toContain('without the right');
  });

  it('goes by the lists of the issuer, of an ancestor’s issuer and of an anchor', async () => {
    const byOwner = await made({ signer: f.owner, covenants: [named(f.root), named(f.child)] });
    const byManager = await made({ signer: f.manager, covenants: [named(f.root)] });
    const byAnchor = await made({ signer: other, covenants: [named(f.child)] });
    const none = (given: unknown) => ({ revocationLists: { issuers: [], lists: [given] } });
    expect(failed(await verify(none(byOwner)))).toEqual(['not_revoked']);
    expect(failed(await child(none(byOwner)))).toEqual(['not_revoked']);
    expect((await verify(none(byManager))).valid).toBe(true);
    expect((await child(none(byManager))).valid).toBe(true);
    expect(failed(await child({ ...none(byAnchor), trust: [f.owner.did, other.did] }))).toEqual([
      'not_revoked',
    ]);
    expect((await child(none(byAnchor))).valid).toBe(true);
  });

  it('denies when a list is there that cannot be read, or claims an issuer with the right and is not signed', async () => {
    for (const bad of [null, '{', { ...list, number: 8 }, { ...list, extra: 1 }]) {
      const result = await verify(lists(bad));
      expect(failed(result)).toContain('not_revoked');
      expect(result.checks.find(({ name }) => name === 'not_revoked')?.code).toBe('revocation_unknown');
    }
    const forged = await made({ signer: stranger });
    expect((await verify(lists({ ...forged, number: 8 }))).valid).toBe(true);
    const own = await made({ signer: f.owner });
    expect(failed(await verify(lists({ ...own, number: 8 })))).toContain('not_revoked');
  });

  it('denies for more than 64 lists', async () => {
    const empty = await made();
    expect((await verify(lists(...Array(64).fill(empty)))).valid).toBe(true);
    expect(failed(await verify(lists(...Array(65).fill(empty))))).toContain('not_revoked');
  });

  describe('that are required', () => {
    const required = (given: unknown[], more: Partial<RevocationLists> = {}, options: VerifyOptions = {}) =>
      verify({
        requireRevocationList: true,
        revocationLists: { issuers: [lister.did], lists: given, ...more },
        ...options,
      });
    let fresh: RevocationListDocument;
    beforeAll(async () => {
      fresh = await made({ number: 9 });
    });

    it('passes with the newest list of every issuer', async () => {
      expect((await required([fresh])).valid).toBe(true);
      expect((await required([fresh, await made({ number: 3 })], { highestSeen: () => 9 })).valid).toBe(true);
      const both = [fresh, await made({ signer: other })];
      expect((await required(both, { issuers: [lister.did, other.did] })).valid).toBe(true);
    });

    it.each<[string, () => Promise<Verification> | Verification, string]>([
      ['none is there', () => required([]), 'none is there'],
      ['it is stale', () => required([fresh], {}, { now: at(HOUR) }), 'stale'],
      ['it is from the future', async () => required([await made({ now: at(61_000) })]), 'in the future'],
      ['a higher number was seen', () => required([fresh], { highestSeen: () => 10 }), 'seen before'],
      [
        'the highest number cannot be known',
        () => required([fresh], { highestSeen: () => Promise.reject(new Error('down')) }),
        'down',
      ],
      ['it is another’s', async () => required([await made({ signer: other })]), 'none is there'],
      [
        'that of one of two issuers is missing',
        () => required([fresh], { issuers: [lister.did, other.did] }),
        'none is there',
      ],
      [
        'one number was given to two lists',
        async () => required([fresh, await made({ number: 9, keys: [key(stranger)] })]),
        'two revocation lists',
      ],
      ['no issuer is configured', () => required([fresh], { issuers: [] }), 'no list issuer'],
      ['nothing is configured', () => verify({ requireRevocationList: true }), 'no list issuer'],
      [
        'the issuer’s key is compromised',
        () =>
          required(
            [fresh],
            {},
            { keyStatus: (hex) => (hex === lister.publicKeyHex ? 'compromised' : undefined) },
          ),
        'does not count',
      ],
      [
        'the issuer’s key has retired',
        () =>
          required(
            [fresh],
            {},
            { keyStatus: (hex) => (hex === lister.publicKeyHex ? 'retired' : undefined) },
          ),
        'does not count',
      ],
      [
        'the issuer has listed its own key',
        async () => required([await made({ number: 9, keys: [key(lister)] })]),
        'does not count',
      ],
    ])('denies when %s', async (_name, run, why) => {
      const result = await run();
      expect(failed(result)).toEqual(['key_status', 'not_revoked']);
      for (const name of ['key_status', 'not_revoked']) {
        expect(message(result, name)).toContain(why);
        expect(result.checks.find((one) => one.name === name)?.code).toBe('revocation_unknown');
      }
    });

    it('looks again at a covenant that was verified before', async () => {
      const { covenant } = await required([fresh]);
      const options = { requireRevocationList: true, ...lists(fresh) };
      expect((await verify(options, covenant)).valid).toBe(true);
      expect(failed(await verify({ ...options, now: at(HOUR) }, covenant))).toEqual([
        'key_status',
        'not_revoked',
      ]);
    });
  });

  it('refuses options of the wrong type', async () => {
    const wrong: unknown[] = [
      { requireRevocationList: 'yes' },
      { revocationLists: {} },
      { revocationLists: { issuers: lister.did, lists: [] } },
      { revocationLists: { issuers: [], lists: list } },
      { revocationLists: null },
      { continuity: {} },
      { followContinuity: 1 },
    ];
    for (const options of wrong) await expect(verify(options as VerifyOptions)).rejects.toThrow(TypeError);
  });

  describe('that name keys', () => {
    const statusOf = async (signer: KeyPair, status: ListedKey['status'], options: VerifyOptions = {}) => {
      const given = await made({ signer, keys: [key(f.owner, status)] });
      return failed(await verify({ revocationLists: { issuers: [lister.did], lists: [given] }, ...options }));
    };

    it.each(['compromised', 'retired'] as const)(
      '%s, by the right party: what they sign does not count',
      async (status) => {
        const { manager, owner } = f;
        const continuity = [await buildKeyContinuity({ oldKey: owner, newKey: manager, now: NOW })];
        expect(await statusOf(lister, status)).toEqual(['key_status']);
        expect(await statusOf(owner, status)).toEqual(['key_status']);
        expect(await statusOf(manager, status, { continuity })).toEqual(['key_status']);
        expect(await statusOf(other, status, { trust: [owner.did, other.did] })).toEqual(['key_status']);
      },
    );

    it('by a stranger, or by one who is only the predecessor: they go on signing', async () => {
      const { manager, owner } = f;
      expect(await statusOf(stranger, 'compromised')).toEqual([]);
      expect(await statusOf(manager, 'compromised')).toEqual([]);
      const continuity = [await buildKeyContinuity({ oldKey: manager, newKey: owner, now: NOW })];
      expect(await statusOf(manager, 'compromised', { continuity })).toEqual([]);
    });

    it('by a successor, although a thief has made another one', async () => {
      const { manager, owner } = f;
      const continuity = await Promise.all(
        [manager, stranger].map((newKey) => buildKeyContinuity({ oldKey: owner, newKey, now: NOW })),
      );
      expect(await statusOf(manager, 'compromised', { continuity })).toEqual(['key_status']);
    });

    it('by one who may be a successor, where too many statements of continuity hide it', async () => {
      const { manager, owner } = f;
      const statement = await buildKeyContinuity({ oldKey: owner, newKey: manager, now: NOW });
      const continuity = Array(1025).fill(statement);
      expect(await statusOf(manager, 'compromised', { continuity })).toEqual(['key_status', 'not_revoked']);
      expect((await verify({ continuity })).valid).toBe(true);
      expect(failed(await verify({ continuity, revocations: () => [] }))).toEqual(['not_revoked']);
    });

    it('whose own list is there and is not signed: they are in doubt', async () => {
      const given = { ...(await made({ signer: f.owner, keys: [key(f.owner)] })), number: 2 };
      const result = await verify({ revocationLists: { issuers: [], lists: [given] } });
      expect(failed(result)).toEqual(['key_status', 'not_revoked']);
    });
  });
});
