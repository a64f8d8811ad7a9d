/** What is measured: covenants and rules of the shape that real ones have, the same in every run. */
import { buildCovenant, generateKeyPair, verifyCovenant } from '@stele/sdk';

/** Ten statements that leave the whole covenant at a little over 1 KiB; `most` makes each text another one. */
export const tenStatements = (most = 200) =>
  [
    "permit orders.read on '/orders/**'",
    "permit orders.note on '/orders/*/notes'",
    "permit mail.send on '/outbox/*' when args.internal = true",
    `permit payments.refund on '/orders/**' when args.amount <= ${most}`,
    "deny payments.* on '/orders/vip/**'",
    'deny file.delete on **',
    'permit file.read on /docs/**',
    "require human.approval for payments.refund on '/orders/**' when args.amount > 100",
    'limit payments.refund 5000 of args.amount per 1 days',
    'limit mail.send 50 per 1 hours',
  ].join('\n');

/** Keys that a run shares. */
export async function parties() {
  return { owner: await generateKeyPair(), agent: await generateKeyPair() };
}

/** A signed covenant; its nonce makes each another document. */
export function covenant({ owner, agent }, constraints = tenStatements()) {
  return buildCovenant({
    issuer: { name: 'Acme Payments' },
    beneficiary: { id: agent.did, name: 'refund-agent' },
    constraints,
    expiresAt: '2126-01-01T00:00:00Z',
    signer: owner,
  });
}

/** Distinct ones, since each has a nonce of its own. */
export async function covenants(count, keys, constraints = () => tenStatements()) {
  const made = [];
  while (made.length < count) made.push(await covenant(keys, constraints(made.length)));
  return made;
}

export async function verified(document) {
  const { valid, covenant: result, checks } = await verifyCovenant(document);
  if (!valid) throw new Error(`the sample does not verify: ${JSON.stringify(checks)}`);
  return result;
}

/**
 * Rules with globs and conditions, of which a request matches only the last: three permits to each deny. Each names
 * a tool and a project of its own.
 */
export function rules(count) {
  return Array.from({ length: count }, (_, i) => {
    const kind = i % 4 === 3 && i < count - 1 ? 'deny' : 'permit';
    return `${kind} tools.t${i}.* on '/projects/p${i}/**' when args.amount <= ${1000 + i} and args.currency = 'EUR'`;
  }).join('\n');
}

/** The request that rule `i` of `rules` matches. */
export function requestFor(i, salt = 0) {
  return {
    action: `tools.t${i}.run`,
    resource: `/projects/p${i}/files/f${salt}.txt`,
    context: { args: { amount: salt % 1000, currency: 'EUR' } },
  };
}
