// A person who is awaited before a server of somebody else: gateway and server are processes, the store is a file.
import { buildCovenant, type CovenantStore, generateKeyPair, SqliteStore, signApproval } from '@stele/sdk';
import { describe, expect, it } from 'vitest';
import { fresh, gateway, stele, write } from './mcp/support.js';

const RULES = [
  'permit bank.pay on / when args.amount <= 100',
  'require human.approval for bank.pay on / when args.amount > 10',
].join('\n');

/** What a gateway is started with, and the person who signs beside it. */
async function scene() {
  const [owner, agent, anna] = [await generateKeyPair(), await generateKeyPair(), await generateKeyPair()];
  const document = await buildCovenant({
    beneficiary: { id: agent.did },
    constraints: RULES,
    approvers: { 'human.approval': { keys: [anna.did], threshold: 1 } },
    signer: owner,
  });
  const file = fresh('store.db');
  await new SqliteStore(file).close();
  const inStore = async <T>(use: (approvals: NonNullable<CovenantStore['approvals']>) => Promise<T>) => {
    const store = new SqliteStore(file);
    return use(store.approvals).finally(() => store.close());
  };
  return {
    documents: ['--covenant', write('covenant.json', document), '--trust', owner.did],
    flags: ['--store', file, '--audience', 'test/gateway'],
    sign: () =>
      inStore(async (approvals) => {
        const { items } = await approvals.list({ audience: 'test/gateway', state: 'open' });
        const [only] = items as [(typeof items)[0]];
        await approvals.sign(await signApproval(only.request, { verdict: 'approve', signer: anna }));
        return only.request.id;
      }),
  };
}

describe('stele mcp-gateway with --audience', () => {
  it('asks by elicitation, believes signatures alone, and resumes after a restart', async () => {
    const { documents, flags, sign } = await scene();
    const messages: string[] = [];
    let signs = false;
    const elicits = async (message: string) => {
      messages.push(message);
      if (signs) await sign();
      return { action: 'accept' as const };
    };
    const first = await gateway({ rules: RULES, documents, flags, elicits });
    expect(await first.call('pay', { amount: 5 })).toMatchObject({ content: [{ text: 'paid 5' }] });
    expect((await first.call('pay', { amount: 5000 })).isError).toBe(true);
    expect(messages).toEqual([]);
    // The client accepts, and nobody has signed.
    const forged = await first.call('pay', { amount: 50 });
    expect(forged._meta?.['stele/denial']).toMatchObject({ code: 'obligation_pending' });
    expect(messages).toEqual([expect.stringContaining('{"amount":50}')]);
    signs = true;
    expect(await first.call('pay', { amount: 50 })).toMatchObject({ content: [{ text: 'paid 50' }] });
    signs = false;
    const again = await first.call('pay', { amount: 50 });
    expect(again._meta?.['stele/denial']).toMatchObject({ code: 'obligation_pending' });
    await first.client.close();

    // A client that takes no questions, after a restart: the same request is still open.
    const second = await gateway({ rules: RULES, documents, flags });
    const waiting = await second.call('pay', { amount: 50 });
    expect(waiting._meta?.['stele/denial']).toMatchObject({ approval: { id: await sign() } });
    expect(await second.call('pay', { amount: 50 })).toMatchObject({ content: [{ text: 'paid 50' }] });
    expect([...first.calls(), ...second.calls()]).toEqual([
      'pay {"amount":5}',
      'pay {"amount":50}',
      'pay {"amount":50}',
    ]);
  }, 90_000);

  it('is of use with --store only', async () => {
    const { documents } = await scene();
    const ran = await stele([
      'mcp-gateway',
      ...documents,
      '--server',
      'bank',
      '--audience',
      'a',
      '--',
      'true',
    ]);
    expect(ran).toMatchObject({ code: 2 });
  });
});
