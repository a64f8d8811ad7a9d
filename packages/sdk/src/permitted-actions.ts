import { compile, evaluate, type Policy } from '@stele/ccl';
import type { ChainLink } from '@stele/core';

/** The permits alone of each policy, for every resource and without conditions. */
const permits = new WeakMap<Policy, Policy>();

/**
 * Tells whether a chain of covenants could permit an action at all: false where some covenant has no permit whose action pattern
 * matches. No resource and no context would change that. Denies and conditions are not looked at.
 * @param covenants those of a monitor; where none govern nothing is permitted
 */
export function mayEverPermit(covenants: readonly Pick<ChainLink, 'policy'>[], action: string): boolean {
  return (
    covenants.length > 0 &&
    covenants.every(({ policy }) => evaluate(permitsOf(policy), { action, resource: '/' }).permitted)
  );
}

function permitsOf(policy: Policy): Policy {
  const known = permits.get(policy);
  if (known !== undefined) return known;
  const statements = policy.statements.filter(({ kind }) => kind === 'permit');
  const bare = compile(statements.map((one) => `permit ${one.action} on **`).join('\n'));
  permits.set(policy, bare);
  return bare;
}
