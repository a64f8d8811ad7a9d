// What the examples share: an owner signs a covenant for an agent, and a monitor says aloud what it decides.
import { buildCovenant, createMonitor, generateKeyPair } from '@stele/sdk';

/** What every agent here wants to do; the last is more than its owner permits. */
export const CALLS = [
  { name: 'balance', args: { account: 'savings' } },
  { name: 'pay', args: { to: 'ann', amount: 20 } },
  { name: 'pay', args: { to: 'mallory', amount: 5000 } },
];

/** What its owner permits. */
export const TOOL_RULES = `permit balance on /
permit pay on / when args.amount <= 100
limit pay 3 per day`;

/** The same for services. */
export const HTTP_RULES = `permit http.get on '/accounts/*'
permit http.post on '/payments/small'
deny http.* on '/accounts/closed'`;

/** A monitor of a covenant with these rules. A real one is also given a store for revocations and a sink for its records. */
export async function governed(constraints) {
  const owner = await generateKeyPair();
  const agent = await generateKeyPair();
  const beneficiary = { id: agent.did };
  const covenant = await buildCovenant({ issuer: {}, beneficiary, constraints, signer: owner });
  return createMonitor({ covenant, trust: [owner.did], onDecision: say });
}

function say({ permitted, code, reason }, request) {
  const { action, resource, context } = request ?? {};
  const what = context?.args === undefined ? resource : JSON.stringify(context.args);
  console.log(
    `${permitted ? 'permitted' : 'denied   '}  ${action} ${what}${permitted ? '' : `  (${reason} [${code}])`}`,
  );
}

/** The bank itself. */
export const bank = {
  balance: ({ account }) => `${account}: 1200`,
  pay: ({ to, amount }) => `paid ${amount} to ${to}`,
};
