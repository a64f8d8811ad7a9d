import { type KeyPair, type Signer, toSigner } from '@stele/crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildKeyContinuity,
  CovenantError,
  followContinuity,
  type KeyContinuityDocument,
  type KeyStatus,
  keyHash,
  type Proof,
  verifyKeyContinuity,
} from '../src/index.js';
import { makeProof } from '../src/lib/proof.js';
import { keys, NOW } from './support.js';

let k: KeyPair[];
let a: KeyPair, b: KeyPair, c: KeyPair, d: KeyPair;
let ab: KeyContinuityDocument;

beforeAll(async () => {
  k = await keys(6);
  [a, b, c, d] = k as [KeyPair, KeyPair, KeyPair, KeyPair];
  ab = await joined(a, b);
});

const joined = (oldKey: KeyPair, newKey: KeyPair, nextKeyHash?: string) =>
  buildKeyContinuity({ oldKey, newKey, now: NOW, ...(nextKeyHash === undefined ? {} : { nextKeyHash }) });

const codes = async (documents: unknown[], options = {}) =>
  (await followContinuity(documents, a.did, options)).findings.map(({ code }) => code);

const status = (bad: KeyPair, as: KeyStatus) => ({
  keyStatus: (hex: string) => (hex === bad.publicKeyHex ? as : undefined),
});

/** Signs what the builder refuses, with whatever keys. */
async function signedBy(changes: object, ...signers: KeyPair[]) {
  const { proof: _, ...content } = { ...ab, ...changes };
  const proof: Proof[] = [];
  for (const signer of signers) proof.push(await makeProof(content, signer, ab.changedAt));
  return { ...content, proof };
}

describe('buildKeyContinuity', () => {
  it('is signed by both keys, and verifies as a document, as text and as bytes', async () => {
    expect(ab).toMatchObject({ oldKey: a.did, newKey: b.did, changedAt: '2026-11-21T03:00:00Z' });
    const text = JSON.stringify(ab);
    for (const form of [ab, text, new TextEncoder().encode(text)])
      expect(await verifyKeyContinuity(form)).toEqual({ valid: true, continuity: ab });
  });

  it('takes signers as well as key pairs, and checks what a remote one returns', async () => {
    const remote: Signer = { publicKey: a.publicKey, keyId: toSigner(a).keyId, sign: toSigner(a).sign };
    const document = await buildKeyContinuity({ oldKey: remote, newKey: b, now: NOW });
    expect((await verifyKeyContinuity(document)).valid).toBe(true);
    const faulty: Signer = { ...remote, sign: toSigner(b).sign };
    const failing = buildKeyContinuity({ oldKey: faulty, newKey: b, now: NOW });
    await expect(failing).rejects.toMatchObject({ code: 'signing_failed' });
  });

  it('joins no keys of two uses', async () => {
    const [covenant, log] = [toSigner(a, 'covenant'), toSigner(b, 'log')];
    await expect(buildKeyContinuity({ oldKey: covenant, newKey: log })).rejects.toMatchObject({
      code: 'continuity_malformed',
    });
    const logs = await buildKeyContinuity({ oldKey: toSigner(a, 'log'), newKey: log, now: NOW });
    expect((await verifyKeyContinuity(logs)).valid).toBe(true);
  });

  it('refuses one key as both, and a commitment that is no hash', async () => {
    for (const bad of [joined(a, a), joined(a, b, 'x'), joined(a, b, keyHash(c.did).toUpperCase())]) {
      const error = await bad.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(CovenantError);
      expect((error as CovenantError).code).toBe('continuity_malformed');
    }
  });
});

describe('verifyKeyContinuity', () => {
  it('refuses a change of any member', async () => {
    const changes: Record<keyof KeyContinuityDocument, unknown> = {
      type: 'SteleCovenant',
      version: '2',
      oldKey: c.did,
      newKey: c.did,
      changedAt: '2026-11-21T03:00:01Z',
      nextKeyHash: keyHash(c.did),
      proof: [ab.proof[0], ab.proof[0]],
    };
    for (const [name, value] of Object.entries(changes))
      expect([name, (await verifyKeyContinuity({ ...ab, [name]: value })).valid]).toEqual([name, false]);
  });

  it.each([
    ['by the old key alone', () => signedBy({}, a)],
    ['by the new key alone', () => signedBy({}, b)],
    ['twice by one key', () => signedBy({}, a, a)],
    ['by a third key', () => signedBy({}, a, c)],
    ['by three', () => signedBy({}, a, b, c)],
    ['with another member', () => signedBy({ note: 'x' }, a, b)],
    [
      'with a proof that expires',
      () => ({ ...ab, proof: ab.proof.map((p) => ({ ...p, expires: p.created })) }),
    ],
    ['with its proofs not in a list', () => ({ ...ab, proof: ab.proof[0] })],
    ['as null', () => null],
    ['as text that is no JSON', () => '{'],
    ['with a name twice', () => JSON.stringify(ab).replace('"version":"1"', '"version":"1","version":"1"')],
    ['longer than any could be', () => `${JSON.stringify(ab)}${' '.repeat(5000)}`],
    [
      'as a proxy that throws',
      () =>
        new Proxy(
          {},
          {
            ownKeys: () => {
              throw new Error('x');
            },
          },
        ),
    ],
  ])('refuses one %s', async (_name, make) => {
    const { valid, reason } = await verifyKeyContinuity(await make());
    expect([valid, typeof reason]).toEqual([false, 'string']);
  });
});

describe('followContinuity', () => {
  it('follows from key to key, whatever the order, and from nothing to itself', async () => {
    const documents = [await joined(c, d), ab, await joined(b, c)];
    const line = await followContinuity(documents, a.did);
    expect(line).toEqual({ keys: [a.did, b.did, c.did, d.did], current: d.did, findings: [] });
    expect((await followContinuity(documents, c.did)).keys).toEqual([c.did, d.did]);
    expect(await followContinuity([], a.did)).toEqual({ keys: [a.did], current: a.did, findings: [] });
  });

  it('never goes backward', async () => {
    expect((await followContinuity([ab], b.did)).keys).toEqual([b.did]);
  });

  it('refuses two successors, and reports them', async () => {
    const line = await followContinuity([ab, await joined(a, c), await joined(b, d)], a.did);
    expect(line.keys).toEqual([a.did]);
    expect(line.findings).toEqual([{ code: 'two_successors', key: a.did, message: expect.any(String) }]);
  });

  it('takes one statement twice, or made twice, for one successor', async () => {
    const again = await buildKeyContinuity({ oldKey: a, newKey: b, now: new Date(0) });
    expect((await followContinuity([ab, ab, again], a.did)).keys).toEqual([a.did, b.did]);
  });

  it('is not stopped by statements that nobody signed, and reports them', async () => {
    const forged = await signedBy({ newKey: c.did }, c, b);
    const unsigned = { ...ab, newKey: c.did, proof: [ab.proof[0], (await joined(a, c)).proof[1]] };
    const line = await followContinuity([ab, forged, unsigned, null, 'x'], a.did);
    expect(line.current).toBe(b.did);
    expect(line.findings.map(({ code }) => code).sort()).toEqual([
      'not_signed',
      'unreadable',
      'unreadable',
      'unreadable',
    ]);
  });

  it('lets only the key follow that was committed to', async () => {
    const committed = await joined(a, b, keyHash(c.did));
    const [bc, bd] = [await joined(b, c), await joined(b, d)];
    expect((await followContinuity([committed, bc], a.did)).current).toBe(c.did);
    expect((await followContinuity([committed, bd], a.did)).current).toBe(b.did);
    expect(await codes([committed, bd])).toEqual(['not_committed']);
    // A thief of b cannot even bring the line to a stop.
    expect((await followContinuity([committed, bd, bc], a.did)).current).toBe(c.did);
  });

  it('holds a key to its commitment also where the line begins with it', async () => {
    const committed = await joined(a, b, keyHash(c.did));
    const [bc, bd] = [await joined(b, c), await joined(b, d)];
    expect((await followContinuity([committed, bd], b.did)).keys).toEqual([b.did]);
    expect((await followContinuity([committed, bd, bc], b.did)).current).toBe(c.did);
    // Whatever has become of the key before it: the commitment is its own word.
    const lost = status(a, 'compromised');
    expect((await followContinuity([committed, bd], b.did, lost)).keys).toEqual([b.did]);
    // One that it has not signed binds it to nothing.
    const forged = await signedBy({ oldKey: a.did, newKey: b.did, nextKeyHash: keyHash(d.did) }, a, a);
    const unsigned = { ...forged, proof: [forged.proof[0], ab.proof[1]] };
    expect((await followContinuity([unsigned, bc], b.did)).current).toBe(c.did);
  });

  it('lets a thief of a committed key not stop a line that has brought the commitment along', async () => {
    const committed = await joined(a, b, keyHash(c.did));
    const [bc, byThief] = [await joined(b, c), await joined(d, b, keyHash(d.did))];
    expect((await followContinuity([committed, bc, byThief], a.did)).current).toBe(c.did);
    // Where the line begins with the stolen key both count, so that it leads to nobody.
    const bd = await joined(b, d);
    expect((await followContinuity([committed, bc, bd, byThief], b.did)).keys).toEqual([b.did]);
  });

  it('holds a key that made two commitments to both', async () => {
    const two = [await joined(a, b, keyHash(c.did)), await joined(a, b, keyHash(d.did))];
    for (const next of [c, d])
      expect((await followContinuity([...two, await joined(b, next)], a.did)).current).toBe(b.did);
  });

  it('holds the first key to a commitment that was made known beside it', async () => {
    const documents = [ab, await joined(a, c)];
    expect((await followContinuity(documents, a.did, { nextKeyHash: keyHash(c.did) })).current).toBe(c.did);
    expect((await followContinuity([ab], a.did, { nextKeyHash: keyHash(c.did) })).current).toBe(a.did);
  });

  it.each(['old', 'new'] as const)('is void where the %s key is compromised', async (which) => {
    const bad = which === 'old' ? a : b;
    expect((await followContinuity([ab], a.did, status(bad, 'compromised'))).keys).toEqual([a.did]);
    expect(await codes([ab], status(bad, 'compromised'))).toEqual(['key_in_doubt']);
  });

  it('lets another key follow in place of one that was compromised', async () => {
    const documents = [ab, await joined(a, c), await joined(b, d)];
    expect((await followContinuity(documents, a.did, status(b, 'compromised'))).keys).toEqual([a.did, c.did]);
  });

  it('goes through keys that have retired, and stops where the status cannot be known', async () => {
    expect((await followContinuity([ab], a.did, status(a, 'retired'))).current).toBe(b.did);
    const keyStatus = () => Promise.reject(new Error('down'));
    expect((await followContinuity([ab], a.did, { keyStatus })).current).toBe(a.did);
    const nonsense = { keyStatus: () => 'fine' as KeyStatus };
    expect((await followContinuity([ab], a.did, nonsense)).current).toBe(a.did);
  });

  it('ends before a loop', async () => {
    const documents = [ab, await joined(b, a)];
    expect((await followContinuity(documents, a.did)).keys).toEqual([a.did, b.did]);
    expect(await codes(documents)).toEqual(['loop']);
  });

  it('follows 64 successors and no more, and looks at none of more than 1,024 documents', async () => {
    const many = await keys(66);
    const documents: KeyContinuityDocument[] = [];
    for (let i = 0; i < 65; i++) documents.push(await joined(many[i] as KeyPair, many[i + 1] as KeyPair));
    const first = (many[0] as KeyPair).did;
    expect((await followContinuity(documents.slice(0, 64), first)).findings).toEqual([]);
    const line = await followContinuity(documents, first);
    expect([line.keys.length, line.findings[0]?.code]).toEqual([65, 'too_long']);
    const flood = Array.from({ length: 1025 }, () => ab);
    expect((await followContinuity(flood, a.did)).keys).toEqual([a.did]);
    expect(await codes(flood)).toEqual(['unreadable']);
    expect((await followContinuity(flood.slice(1), a.did)).current).toBe(b.did);
  });

  it('refuses arguments of the wrong type', async () => {
    await expect(followContinuity({} as unknown[], a.did)).rejects.toThrow(TypeError);
    await expect(followContinuity([], 'did:web:x')).rejects.toMatchObject({ code: 'did_malformed' });
  });

  it('agrees with the plain rule on random sets, in any order', async () => {
    const edges: KeyContinuityDocument[][] = [];
    for (const from of k) {
      const row: KeyContinuityDocument[] = [];
      for (const to of k) row.push(from === to ? ab : await joined(from, to));
      edges.push(row);
    }
    const edge = fc.tuple(fc.nat(5), fc.nat(5)).filter(([from, to]) => from !== to);
    await fc.assert(
      fc.asyncProperty(fc.array(edge, { maxLength: 8 }), fc.option(fc.nat(5)), async (picked, bad) => {
        // The plain rule: as long as there is exactly one next key, neither of the two compromised and not been before.
        const line = [0];
        for (;;) {
          const last = line.at(-1) as number;
          const next = new Set(
            picked.filter(([from, to]) => from === last && to !== bad).map(([, to]) => to),
          );
          const [only] = next;
          if (last === bad || next.size !== 1 || line.includes(only as number)) break;
          line.push(only as number);
        }
        const documents = picked.map(([from, to]) => edges[from]?.[to]);
        const options = bad === null ? {} : status(k[bad] as KeyPair, 'compromised');
        const found = await followContinuity(documents, a.did, options);
        expect(found.keys).toEqual(line.map((i) => k[i]?.did));
      }),
      { numRuns: 60 },
    );
  });
});
