import { buildKeyContinuity, checkReissue, lineOf } from '@stele/core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildCovenant,
  type CovenantDocument,
  generateKeyPair,
  type KeyPair,
  MemoryStore,
  SteleClient,
  type SteleClientOptions,
} from '../src/index.js';

const CONSTRAINTS = 'permit orders.read on **';
let first: KeyPair, second: KeyPair, third: KeyPair, manager: KeyPair, agent: KeyPair, anchor: KeyPair;
let continuity: unknown[];

beforeAll(async () => {
  [first, second, third, manager, agent, anchor] = (await Promise.all(
    Array.from({ length: 6 }, () => generateKeyPair()),
  )) as [KeyPair, KeyPair, KeyPair, KeyPair, KeyPair, KeyPair];
  continuity = [
    await buildKeyContinuity({ oldKey: first, newKey: second }),
    await buildKeyContinuity({ oldKey: second, newKey: third }),
  ];
});

describe('client.reissue', () => {
  it('works', async () => {
    const store = new MemoryStore();
    const old = new SteleClient({ store, signer: first });
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await old.issue({ beneficiary: { id: agent.did }, constraints: CONSTRAINTS })).id);
    const client = new SteleClient({ store, signer: second, continuity, trust: [first.did], followContinuity: true });
    const r = await client.reissue();
    expect(r).toMatchObject({ reissued: 5, failed: 0 });
    expect(await client.reissue()).toMatchObject({ already: 5, reissued: 0 });
    for (const x of r.results) if (x.status === 'reissued') expect((await client.verify(x.reissue)).valid).toBe(true);
  });
});
