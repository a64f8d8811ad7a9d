import assert from 'node:assert/strict';
import { type CovenantDocument, countersignCovenant, type Proof, verifyCovenant } from '@stele/core';
import { type Case, rejectsWith } from './harness.js';
import { keysOf, NOBODY, STRANGE_IDS, sampleCovenant, sampleCovenants } from './samples.js';

const proofsOf = (document: CovenantDocument | undefined) => (document?.proof ?? []) as Proof[];
const signersOf = (document: CovenantDocument | undefined) =>
  proofsOf(document).map((proof) => proof.verificationMethod.split('#')[0]);

export function keepingCovenants(test: Case): void {
  test('gives back the document that was put', async (store) => {
    const document = await sampleCovenant('ada', 'bot', {
      metadata: { note: 'déjà vu \u{1f600}', __proto__: null, n: [1, -2.5e-7] },
    });
    await store.put(document);
    assert.deepEqual({ ...(await store.get(document.id)) }, { ...document });
    assert.equal(await store.has(document.id), true);
  });

  test('finds nothing where nothing was put', async (store) => {
    assert.equal(await store.get(NOBODY), undefined);
    assert.equal(await store.has(NOBODY), false);
    assert.equal(await store.delete(NOBODY), false);
    assert.equal(await store.count(), 0);
  });

  test('finds nothing under what is no id', async (store) => {
    await store.put(await sampleCovenant());
    for (const id of STRANGE_IDS) {
      assert.equal(await store.get(id), undefined, id);
      assert.equal(await store.has(id), false, id);
      assert.equal(await store.delete(id), false, id);
      assert.deepEqual(await store.getRevocations(id), [], id);
    }
  });

  test('cannot be changed through what goes in or comes out', async (store) => {
    const document = await sampleCovenant();
    const given = structuredClone(document);
    await store.put(given);
    given.constraints = 'permit ** on **';
    const taken = await store.get(document.id);
    // What comes out may be frozen or the caller's own; either way the store is not reached through it.
    attempt(() => Object.assign(taken as CovenantDocument, { constraints: 'permit ** on **' }));
    attempt(() => proofsOf(taken).splice(0));
    assert.deepEqual(await store.get(document.id), document);
  });

  test('stores what was given at the call, whatever becomes of the object meanwhile', async (store) => {
    const document = await sampleCovenant();
    const given = structuredClone(document);
    const pending = store.put(given);
    given.constraints = 'permit ** on **';
    await pending;
    assert.equal((await store.get(document.id))?.constraints, document.constraints);
  });

  test('takes a verified covenant', async (store) => {
    const { covenant } = await verifyCovenant(await sampleCovenant());
    assert.ok(covenant);
    await store.put(covenant);
    assert.equal((await verifyCovenant(await store.get(covenant.id))).valid, true);
  });

  test('deletes once', async (store) => {
    const document = await sampleCovenant();
    await store.put(document);
    assert.equal(await store.delete(document.id), true);
    assert.equal(await store.delete(document.id), false);
    assert.equal(await store.get(document.id), undefined);
    await store.put(document);
    assert.equal(await store.has(document.id), true);
  });

  test('keeps one record of a covenant that is put twice', async (store) => {
    const document = await sampleCovenant();
    await store.put(document);
    await store.put(document);
    assert.equal(await store.count(), 1);
    assert.deepEqual(await store.get(document.id), document);
  });

  test('never loses a countersignature to a put without it', async (store) => {
    const document = await sampleCovenant();
    const signed = await countersignCovenant(document, await keysOf('eve'));
    await store.put(signed);
    await store.put(document);
    assert.deepEqual(await store.get(document.id), signed);
  });

  test('unites the countersignatures that come at the same time', async (store) => {
    const document = await sampleCovenant();
    const witnesses = await Promise.all(Array.from({ length: 8 }, (_, n) => keysOf(`witness ${n}`)));
    const signed = await Promise.all(witnesses.map((keys) => countersignCovenant(document, keys)));
    await Promise.all([...signed, ...signed].map((copy) => store.put(copy)));
    const stored = await store.get(document.id);
    assert.deepEqual(
      new Set(signersOf(stored)),
      new Set([document.issuer.id, ...witnesses.map(({ did }) => did)]),
    );
    assert.equal(proofsOf(stored).length, 9);
    assert.equal((await verifyCovenant(stored)).valid, true);
  });

  test('keeps the stored of two proofs by one key', async (store) => {
    const document = await sampleCovenant();
    const keys = await keysOf('eve');
    const first = await countersignCovenant(document, keys, { now: new Date('2026-01-01T00:00:00Z') });
    const second = await countersignCovenant(document, keys, { now: new Date('2026-02-01T00:00:00Z') });
    await store.put(first);
    await store.put(second);
    assert.deepEqual(await store.get(document.id), first);
  });

  test('refuses the seventeenth proof and keeps sixteen', async (store) => {
    const document = await sampleCovenant();
    let full = document;
    for (let n = 0; n < 15; n++) full = await countersignCovenant(full, await keysOf(`witness ${n}`));
    await store.put(full);
    const further = await countersignCovenant(document, await keysOf('one too many'));
    assert.equal((await rejectsWith(store.put(further), 'document_refused')).check, 'structure');
    assert.deepEqual(await store.get(document.id), full);
  });

  test('keeps many that are put at once', async (store) => {
    const documents = await sampleCovenants(40);
    await Promise.all(documents.map((document) => store.put(document)));
    assert.equal(await store.count(), 40);
    for (const document of documents) assert.deepEqual(await store.get(document.id), document);
  });
}

export function refusingCovenants(test: Case): void {
  const cases: [string, string, (document: CovenantDocument, other: CovenantDocument) => unknown][] = [
    ['changed rules', 'id', (d) => ({ ...d, constraints: "permit ** on '/**'" })],
    ['another id', 'id', (d) => ({ ...d, id: NOBODY })],
    ['another’s proof', 'issuer_signature', (d, other) => ({ ...d, proof: other.proof })],
    ['an unknown member', 'structure', (d) => ({ ...d, extra: 1 })],
    ['no proof', 'structure', ({ proof: _, ...d }) => d],
    ['an empty proof set', 'structure', (d) => ({ ...d, proof: [] })],
    ['an unknown version', 'structure', (d) => ({ ...d, version: '2' })],
    ['more than 1 MiB', 'structure', (d) => ({ ...d, metadata: { padding: 'x'.repeat(1024 * 1024) } })],
    [
      'a getter that throws',
      'structure',
      (d) => Object.defineProperty({ ...d }, 'id', { enumerable: true, get: fail }),
    ],
    ['a proxy that throws', 'structure', (d) => new Proxy(d, { get: fail, ownKeys: fail })],
    ['a null', 'structure', () => null],
    ['a string', 'structure', (d) => JSON.stringify(d)],
    ['an array', 'structure', (d) => [d]],
    ['undefined', 'structure', () => undefined],
  ];
  for (const [what, check, spoil] of cases) {
    test(`refuses ${what} as ${check}, and stores nothing`, async (store) => {
      const spoilt = spoil(await sampleCovenant(), await sampleCovenant()) as CovenantDocument;
      assert.equal((await rejectsWith(store.put(spoilt), 'document_refused')).check, check);
      assert.equal(await store.count(), 0);
    });
  }

  test('refuses a covenant whose required countersignature is missing', async (store) => {
    const required = [(await keysOf('eve')).did];
    const document = await sampleCovenant('ada', 'bot', { requiredCountersigners: required });
    assert.equal((await rejectsWith(store.put(document), 'document_refused')).check, 'countersignatures');
    const signed = await countersignCovenant(document, await keysOf('eve'));
    await store.put(signed);
    // The proofs are united after the check, so a copy without the countersignature is refused all the same.
    await rejectsWith(store.put(document), 'document_refused');
    assert.deepEqual(await store.get(document.id), signed);
  });

  test('leaves a stored covenant alone when a spoilt copy is refused', async (store) => {
    const document = await sampleCovenant();
    await store.put(document);
    const spoilt = { ...document, issuer: { ...document.issuer, name: 'Mallory' } };
    await rejectsWith(store.put(spoilt), 'document_refused');
    assert.deepEqual(await store.get(document.id), document);
  });
}

function attempt(change: () => unknown): void {
  try {
    change();
  } catch {
    // Frozen.
  }
}

function fail(): never {
  throw new Error('hostile');
}
