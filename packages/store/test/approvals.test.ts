/** What the contract cannot see: what stands in the records, under which key, and what is made of it when it was tampered with. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ApprovalDocument, ApprovalRequest } from '@stele/core';
import { canonicalizeJson, sha256 } from '@stele/crypto';
import { describe, it } from 'vitest';
import { FileAnchor } from '../src/file-anchor.js';
import {
  type ApprovalRecord,
  EncryptedStore,
  FileStore,
  holdsSealedRecords,
  MemoryStore,
  rawKeys,
} from '../src/index.js';
import { approvalTokens } from '../src/lib/approval-query.js';
import { approvalContent } from '../src/lib/approval-records.js';
import { rejectsWith } from '../src/lib/contract/harness.js';
import { sampleApproval, sampleCovenant, sampleRequest } from '../src/lib/contract/samples.js';
import { KEY } from './support/backends.js';
import { freshPath } from './support/stores.js';

const OTHER_KEY = KEY.map((byte) => byte ^ 1);
const text = (bytes: Uint8Array | undefined) => new TextDecoder('latin1').decode(bytes);

describe('the records of approvals', () => {
  it('are found by nothing that is in the call', () => {
    const record = (facts: object): ApprovalRecord => ({ request: sampleRequest(facts), state: 'open' });
    const other = { context: { args: { amount: 1 } }, action: 'x', resource: '/y', policy: 'b'.repeat(64) };
    assert.deepEqual(approvalTokens(record({})), approvalTokens(record(other)));
    const covenants = Array.from(
      { length: 64 },
      (_, n) => `urn:stele:covenant:${String(n).padStart(64, '0')}`,
    );
    const tokens = approvalTokens(record({ covenants }));
    assert.ok(tokens.length <= 64 && new Set(tokens).size === tokens.length);
    assert.notDeepEqual(approvalTokens({ ...record({}), state: 'used' }), approvalTokens(record({})));
  });

  it('show nothing of the request where they are sealed', async () => {
    const plain = new MemoryStore();
    const store = new EncryptedStore({ store: plain, encryptionKey: KEY });
    const request = sampleRequest({ context: { args: { iban: 'DE02120300000000202051' } } });
    await store.approvals.open(request);
    await store.approvals.sign(await sampleApproval(request));
    const shown = text((await plain.backend.get('approval', request.id))?.bytes);
    for (const secret of ['DE0212', request.agent, request.audience, 'open', 'did:key', request.nonce])
      assert.equal(shown.includes(secret), false, secret);
    assert.equal(await holdsSealedRecords(plain), true);
    await rejectsWith(plain.approvals.get(request.id), 'record_corrupt');
  });

  it('are sealed anew with all others, and readable without the old key', async () => {
    const plain = new MemoryStore();
    const before = new EncryptedStore({ store: plain, encryptionKey: KEY });
    const request = sampleRequest();
    await before.approvals.open(request);
    await before.approvals.sign(await sampleApproval(request));
    const record = await before.approvals.get(request.id);
    const turning = new EncryptedStore({ store: plain, keys: rawKeys(OTHER_KEY, KEY) });
    assert.deepEqual(await turning.reencrypt(), { examined: 1, reencrypted: 1, corrupt: 0 });
    assert.deepEqual(
      (await turning.keyUsage()).map(({ records }) => records),
      [2, 0],
    );
    const after = new EncryptedStore({ store: plain, encryptionKey: OTHER_KEY });
    assert.deepEqual(await after.approvals.get(request.id), record);
    const { audience } = request;
    assert.deepEqual((await after.approvals.list({ audience, state: 'open' })).items, [record]);
  });

  it('cannot be moved from one request to another, not even by whoever has the medium', async () => {
    const plain = new MemoryStore();
    const store = new EncryptedStore({ store: plain, encryptionKey: KEY });
    const [one, two] = [sampleRequest(), sampleRequest()];
    await store.approvals.open(one);
    await store.approvals.open(two);
    const found = await plain.backend.get('approval', one.id);
    assert.ok(found);
    const next = { bytes: found.bytes, tokens: [] };
    await plain.backend.write([{ kind: 'approval', id: two.id, expected: 'present', next }]);
    await rejectsWith(store.approvals.get(two.id), 'record_corrupt');
  });

  it('are part of what an anchor knows: one that was brought back is found by `verify`', async () => {
    const plain = new MemoryStore();
    const anchor = new FileAnchor(freshPath('anchor'));
    const store = new EncryptedStore({ store: plain, encryptionKey: KEY, anchor });
    await store.put(await sampleCovenant());
    const request = sampleRequest();
    await store.approvals.open(request);
    const open = await plain.backend.get('approval', request.id);
    assert.equal(await store.approvals.settle(request.id, 'used'), true);
    await store.verify();
    const next = { bytes: (open as { bytes: Uint8Array }).bytes, tokens: [] };
    await plain.backend.write([{ kind: 'approval', id: request.id, expected: 'present', next }]);
    await rejectsWith(store.verify(), 'store_rolled_back');
  });

  it('are found in files without their index, and after their feed was lost', async () => {
    const path = freshPath();
    const store = new FileStore(path);
    const [one, two] = [sampleRequest(), sampleRequest()];
    for (const request of [one, two]) await store.approvals.open(request);
    await store.approvals.settle(two.id, 'void');
    assert.equal((await store.approvals.list({ state: 'open' })).items.length, 1);
    await store.close();
    for (const lost of [[], ['index'], ['index', 'feed', 'journal']]) {
      for (const name of lost) rmSync(join(path, name), { recursive: true, force: true });
      const again = new FileStore(path);
      const { items } = await again.approvals.list({ state: 'open', audience: one.audience });
      assert.deepEqual(
        items.map(({ request }) => request.id),
        [one.id],
      );
      await again.close();
    }
  });

  const planted: [string, (content: object, standing: object) => [unknown, unknown]][] = [
    ['another request', (c, s) => [{ ...c, resource: '/x' }, s]],
    ['a request of a strange form that hashes to its id', (c, s) => [c, s]],
    ['a state that is none', (c) => [c, { state: 'approved' }]],
    ['no state', (c) => [c, {}]],
    ['a member that nobody knows', (c, s) => [c, { ...s, note: 1 }]],
    ['proofs that are none', (c, s) => [c, { ...s, approval: [null] }]],
    ['no proofs in a set', (c, s) => [c, { ...s, denial: [] }]],
    ['17 proofs', (c, s) => [c, { ...s, approval: Array.from({ length: 17 }, () => ({})) }]],
    ['a list', (c) => [c, []]],
    ['no standing', (c) => [c, null]],
    ['a standing that is a word', (c) => [c, 'open']],
  ];
  it.each(planted)('that hold %s cannot be read', async (what, plant) => {
    const store = new MemoryStore();
    const request = sampleRequest();
    const strange = what.includes('strange') ? { nonce: request.nonce } : undefined;
    const { id: own, ...rest } = request;
    const id = strange ? `urn:stele:approval:${sha256(canonicalizeJson(strange))}` : own;
    const [content, standing] = plant(strange ?? rest, { state: 'open' }).map((each) =>
      canonicalizeJson(each),
    );
    const bytes = new TextEncoder().encode(
      `stele-record/1 ${sha256(standing as string)}\n${content}\n${standing}`,
    );
    await store.backend.write([{ kind: 'approval', id, expected: undefined, next: { bytes, tokens: [] } }]);
    await rejectsWith(store.approvals.get(id), 'record_corrupt');
    await rejectsWith(store.approvals.settle(id, 'used'), 'record_corrupt');
  });

  it('with a planted proof take no further one, and are not mended in silence', async () => {
    const store = new MemoryStore();
    const request = sampleRequest();
    const approval = await sampleApproval(request, 'ada');
    const proof = [{ ...approval.proof[0], created: '2020-01-01T00:00:00Z' }] as ApprovalDocument['proof'];
    const next = approvalContent({ request, state: 'open', approval: { ...approval, proof } });
    await store.backend.write([{ kind: 'approval', id: request.id, expected: undefined, next }]);
    await rejectsWith(store.approvals.sign(await sampleApproval(request, 'ben')), 'record_corrupt');
  });
});

it.each([null, 'open', 7])('a listing of approvals is filtered by no %j', async (filter) => {
  const { approvals } = new MemoryStore();
  await assert.rejects(approvals.list(filter as never), TypeError);
});

describe('a record of another store', () => {
  const record = async (request: ApprovalRequest, state: ApprovalRecord['state'], by = 'ada') => ({
    request,
    state,
    approval: await sampleApproval(request, by),
  });

  it('is taken as it is, and united with what is there', async () => {
    const { approvals } = new MemoryStore();
    const request = sampleRequest();
    const used = await record(request, 'used');
    assert.deepEqual(await approvals.put(used), used);
    const united = await approvals.put(await record(request, 'open', 'ben'));
    assert.equal(united.state, 'used');
    assert.equal(united.approval?.proof.length, 2);
    assert.equal((await approvals.put(await record(request, 'void'))).state, 'used');
    assert.deepEqual(await approvals.get(request.id), united);
  });

  it('closes one that is open here', async () => {
    const { approvals } = new MemoryStore();
    const request = sampleRequest();
    await approvals.open(request);
    assert.equal((await approvals.put(await record(request, 'used'))).state, 'used');
    assert.equal(await approvals.settle(request.id, 'used'), false);
  });

  it('is refused unless all of it verifies', async () => {
    const { approvals } = new MemoryStore();
    const request = sampleRequest();
    const good = await record(request, 'used');
    const bad: unknown[] = [
      { ...good, state: 'lost' },
      { ...good, request: { ...request, resource: '/x' } },
      { ...good, approval: await sampleApproval(sampleRequest()) },
      { ...good, approval: await sampleApproval(request, 'ada', 'deny') },
      { ...good, denial: good.approval },
      { ...good, approval: { ...good.approval, proof: [] } },
    ];
    for (const each of bad) await rejectsWith(approvals.put(each as ApprovalRecord), 'approval_refused');
    assert.deepEqual((await approvals.list()).items, []);
  });
});
