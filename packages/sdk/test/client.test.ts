import { beforeAll, describe, expect, it } from 'vitest';
import { MemoryStore, SteleClient } from '../src/index.js';
import { type Cast, cast } from './support.js';

let c: Cast;
beforeAll(async () => {
  c = await cast();
});

const read = { action: 'orders.read', resource: '/' };

describe('SteleClient', () => {
  it('issues, enforces, verifies and revokes what is in its store', async () => {
    const client = new SteleClient({ store: new MemoryStore(), signer: c.owner });
    const { id } = await client.issue({
      beneficiary: { id: c.agent.did },
      constraints: 'permit orders.read on **',
    });
    const monitor = await client.monitor(id);
    expect((await monitor.check(read)).code).toBe('permitted');
    expect((await client.verify(id)).valid).toBe(true);
    await client.revoke(id, 'no longer needed');
    expect(await monitor.check(read)).toMatchObject({ code: 'covenant_invalid', check: 'not_revoked' });
    expect((await client.verify(id)).valid).toBe(false);
  });

  it('delegates under a covenant of another owner', async () => {
    const store = new MemoryStore();
    const owner = new SteleClient({ store, signer: c.owner });
    const manager = new SteleClient({ store, signer: c.manager, trust: [c.owner.did] });
    const constraints = 'permit orders.read on **';
    const parent = await owner.issue({
      beneficiary: { id: c.manager.did },
      constraints,
      delegation: { maxDepth: 1 },
    });
    const child = await manager.issue({ beneficiary: { id: c.agent.did }, constraints, parent });
    expect((await (await owner.monitor(child.id)).check(read)).code).toBe('permitted');
    await owner.revoke(parent, 'over');
    expect((await (await owner.monitor(child.id)).check(read)).code).toBe('covenant_invalid');
  });

  it('does not accept what a stranger put into its store', async () => {
    const store = new MemoryStore();
    const stranger = new SteleClient({ store, signer: c.manager });
    const { id } = await stranger.issue({ beneficiary: { id: c.agent.did }, constraints: 'permit ** on **' });
    const client = new SteleClient({ store, signer: c.owner });
    expect(await (await client.monitor(id)).check(read)).toMatchObject({
      code: 'covenant_invalid',
      check: 'trust',
    });
  });

  it('says what it lacks', async () => {
    expect(() => new SteleClient({ store: new MemoryStore() })).toThrow(TypeError);
    const client = new SteleClient({ store: new MemoryStore(), trust: [c.owner.did] });
    await expect(client.issue({ beneficiary: { id: c.agent.did }, constraints: '' })).rejects.toMatchObject({
      code: 'no_signer',
    });
    await expect(client.revoke('x', 'y')).rejects.toMatchObject({ code: 'no_signer' });
    await expect(client.monitor(`urn:stele:covenant:${'0'.repeat(64)}`)).rejects.toMatchObject({
      code: 'covenant_missing',
    });
  });
});
