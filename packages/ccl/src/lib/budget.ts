/** Thrown by `Budget.spend`; never leaves the package. */
export class BudgetSpent extends Error {}

/** A deterministic bound on work, counted in elementary steps and not in time. */
export class Budget {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new BudgetSpent();
  }
}
