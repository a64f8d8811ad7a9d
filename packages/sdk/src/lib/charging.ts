import type { Evaluation, LimitCharge, LimitLedger } from '@stele/ccl';
import type { ChainLink } from '@stele/core';
import type { AppliedLimit } from '../decision.js';

/** One covenant's evaluation of a request. */
export interface Judged {
  readonly link: ChainLink;
  readonly evaluation: Evaluation;
}

/** A limit with the key under which it is counted: (line of the covenant, statement, subject). */
interface Counted {
  readonly limit: AppliedLimit;
  readonly charge: LimitCharge;
}

export type Charge =
  | {
      readonly ok: true;
      readonly limits: readonly AppliedLimit[];
      readonly reservation: Reserved | undefined;
    }
  | {
      readonly ok: false;
      readonly limits: readonly AppliedLimit[];
      readonly limit: AppliedLimit;
      readonly retryAfterMs?: number;
    };

/** A charge that was made, until it is settled; undefined where no limit applies. */
export interface Reserved {
  /** Keeps the charge. */
  keep(): Promise<void>;
  /** Takes the whole charge back: nothing was done, and nobody was told that it might. */
  takeBack(): Promise<void>;
  /** Takes back what budgets (`of` a field) were charged; counts of permitted requests stay. */
  takeBackBudgets(): Promise<void>;
}

/** The limits that apply, over all covenants, in one list. */
export function appliedLimits(judged: readonly Judged[]): AppliedLimit[] {
  return judged.flatMap((one) => counted(one).map(({ limit }) => limit));
}

function counted({ link, evaluation }: Judged): Counted[] {
  const { id, beneficiary } = link.document;
  return evaluation.limits.map(({ line, statement, amount, field, cost, periodMs }) => ({
    limit: { covenant: id, line, amount, ...(field === undefined ? {} : { field }), cost, periodMs },
    // A reissue counts on where the first of its line began. An id has a fixed form and a statement is a number, so no
    // two limits share a key.
    charge: { key: `${link.line}#${statement}#${beneficiary.id}`, amount, cost, periodMs },
  }));
}

/**
 * Charges every limit that applies in one atomic step: all or none.
 * @throws whatever the ledger throws when it cannot answer
 */
export async function charge(judged: readonly Judged[], ledger: LimitLedger): Promise<Charge> {
  const all = judged.length === 1 ? counted(judged[0] as Judged) : judged.flatMap(counted);
  if (all.length === 0) return { ok: true, limits: [], reservation: undefined };
  const answer = await ledger.reserve(all.map((one) => one.charge));
  const limits = all.map(({ limit }, i) => ({ remaining: answer.remaining[i] as number, ...limit }));
  if (answer.ok) return { ok: true, limits, reservation: reserved(ledger, answer.id, all) };
  const limit = limits[answer.index] as AppliedLimit;
  const { retryAfterMs } = answer;
  return { ok: false, limits, limit, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

function reserved(ledger: LimitLedger, id: string, all: readonly Counted[]): Reserved {
  const budgets = () => all.flatMap(({ limit }, i) => (limit.field === undefined ? [] : [i]));
  return {
    // Async, so that a ledger which throws at once rejects like one that throws later.
    keep: async () => await ledger.commit(id),
    takeBack: async () => await ledger.release(id),
    takeBackBudgets: async () => await ledger.release(id, budgets()),
  };
}
