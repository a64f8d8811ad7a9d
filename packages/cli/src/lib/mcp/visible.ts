import { compile, evaluate, type Policy } from '@stele/ccl';

/** Tells which actions a chain of covenants could permit at all. */
export class PermittedActions {
  readonly #permits: readonly Policy[];

  constructor(policies: readonly Policy[]) {
    this.#permits = policies.map(permitsOf);
  }

  /** False where some covenant has no permit whose action pattern matches: no resource and no context would change that. */
  mayHave(action: string): boolean {
    return (
      this.#permits.length > 0 &&
      this.#permits.every((policy) => evaluate(policy, { action, resource: '/' }).permitted)
    );
  }
}

/** The permits alone, for every resource and without conditions. */
function permitsOf({ statements }: Policy): Policy {
  const permits = statements.filter(({ kind }) => kind === 'permit');
  return compile(permits.map(({ action }) => `permit ${action} on **`).join('\n'));
}
