/** How obligations are met by what approvers have signed: found again by content, judged anew, used once. */
import {
  type ApprovalRequest,
  type Approvers,
  CovenantError,
  keyDoubts,
  type VerifyOptions,
} from '@stele/core';
import { isEd25519Did } from '@stele/crypto';
import type { ApprovalRecord } from '@stele/store';
import type { ApprovalReference, Obligation } from '../decision.js';
import type { ApprovalSettings } from './approval-options.js';
import { ApprovalRequests, type Asked } from './approval-requests.js';
import { answerOf, approversOf, type Quorum, quorums, type Refusal } from './approvers.js';
import type { Objection } from './governing.js';
import { inTime } from './in-time.js';
import { meetObligations, type ObligationHandler, required, unhandled, unmet } from './obligations.js';
import { denied, type Verdict } from './verdict.js';

type Handlers = Readonly<Record<string, ObligationHandler>>;

export interface ApprovalsOptions {
  readonly settings: ApprovalSettings;
  readonly clock: () => number;
  readonly clockSkewMs: number;
  /** How long one call of the store may take, in milliseconds. */
  readonly timeoutMs: number;
  /** What is known of keys over time. */
  readonly keys: VerifyOptions;
  /** Writes an event to the log, in passing. */
  readonly event: (
    kind: string,
    now: number,
    facts: Readonly<Record<string, string | readonly string[]>>,
  ) => void;
}

/** Enough signatures for every obligation. They are not used up yet. */
export interface Approved {
  readonly approval: ApprovalReference;
  /** That of the tool as it was approved. */
  readonly toolDigest: string | undefined;
  /** Uses them up. @returns the verdict where that was not to be */
  use(): Promise<Verdict | undefined>;
}

type Found =
  | Refusal
  | { readonly kind: 'pending'; readonly record: ApprovalRecord }
  | { readonly kind: 'approved'; readonly record: ApprovalRecord; readonly by: readonly string[] };

/** How often more may be signed while an approval is used; each key signs once. */
const MAX_USES = 4;
/** Decisions that wait for signatures at once. */
const MAX_WAITING = 1_000;
/** How long after one look at a request the next one is, in milliseconds; each pause is half as long again. */
const FIRST_PAUSE_MS = 250;
const LAST_PAUSE_MS = 2_000;

export class Approvals {
  readonly #options: ApprovalsOptions;
  readonly #requests: ApprovalRequests;
  readonly #sleeping = new Set<() => void>();
  readonly #voided = new Set<string>();
  #waiting = 0;
  #closed = false;

  constructor(options: ApprovalsOptions) {
    const { settings, timeoutMs } = options;
    this.#options = options;
    this.#requests = new ApprovalRequests({
      settings,
      timeoutMs,
      note: (kind, request, facts) => this.#note(kind, request, facts),
      onProblem: (error) => this.#problem(error),
    });
  }

  /**
   * Meets the obligations: those that have approvers by signatures, and those that have a handler by that, too.
   * @returns what was approved, undefined where nothing had to be, or the verdict where not all is met
   */
  async meet(asked: Asked, handlers: Handlers): Promise<Approved | Verdict | undefined> {
    const signed = this.#signed(asked);
    const handled = asked.obligations.filter(
      (one) => !signed.obligations.includes(one) || Object.hasOwn(handlers, one.name),
    );
    const besides = await meetObligations(handled, handlers, asked.request, asked.governing);
    const mayWait = besides === undefined;
    if (signed.obligations.length === 0 || (!mayWait && besides.pending === undefined)) return besides;
    const found = await (mayWait ? this.#awaited(signed) : this.#look(signed));
    if (found.kind !== 'approved') return this.#verdict(found, signed, besides?.pending);
    const approval = referenceOf(found.record);
    return besides === undefined
      ? { approval, toolDigest: signed.toolDigest, use: () => this.#use(found.record, signed) }
      : { ...besides, approval };
  }

  /**
   * The same without effect, but that a request is opened: handlers are not asked, nothing is waited for or used up.
   * @param judgedAgain a denial that was signed is left for whoever judges the call at once: it must not find it gone, and ask anew
   */
  async preview(asked: Asked, handlers: Handlers, judgedAgain = false): Promise<Verdict | undefined> {
    const signed = this.#signed(asked);
    const others = asked.obligations.filter((one) => !signed.obligations.includes(one));
    const impossible = unhandled(others, handlers, asked.governing);
    if (impossible !== undefined || signed.obligations.length === 0) return impossible;
    const found = await this.#look(signed, !judgedAgain);
    return found.kind === 'approved' ? undefined : this.#verdict(found, signed);
  }

  /** Ends the open requests of a covenant that was revoked, in passing. */
  revoked({ covenant, check, code }: Objection): void {
    if (covenant === undefined || check !== 'not_revoked' || code === 'revocation_unknown') return;
    if (this.#voided.has(covenant)) return;
    this.#voided.add(covenant);
    this.#requests.voidAll(covenant).catch((error: unknown) => {
      this.#voided.delete(covenant);
      this.#problem(error);
    });
  }

  /** Decisions that wait do so no longer. */
  close(): void {
    this.#closed = true;
    for (const wake of this.#sleeping) wake();
  }

  #signed(asked: Asked): Asked {
    const obligations = asked.obligations.filter((one) => this.#approversOf(one, asked) !== undefined);
    return { ...asked, obligations };
  }

  #approversOf(obligation: Obligation, { governing }: Asked): Approvers | undefined {
    return approversOf(obligation, governing, this.#options.settings.approvers);
  }

  /** Looks at the signatures until they are enough, or the time is over. */
  async #awaited(asked: Asked): Promise<Found> {
    const { waitMs } = this.#options.settings;
    let found = await this.#look(asked);
    if (waitMs === 0 || this.#waiting >= MAX_WAITING) return found;
    this.#waiting++;
    try {
      const until = performance.now() + waitMs;
      while (found.kind === 'pending' && (await this.#changes(found.record, until)))
        found = await this.#look(asked);
      return found;
    } finally {
      this.#waiting--;
    }
  }

  /** @returns true once the record is another, false when the time is over or the monitor closes */
  async #changes(record: ApprovalRecord, until: number): Promise<boolean> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LAST_PAUSE_MS)) {
      const left = until - performance.now();
      if (left <= 0 || this.#closed) return false;
      await this.#sleep(Math.min(pause, left));
      if (this.#closed) return false;
      try {
        if (!isSameState(record, await this.#requests.get(record.request.id))) return true;
      } catch (error) {
        this.#problem(error);
      }
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#sleeping.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#sleeping.add(wake);
    });
  }

  /** One look: who may approve now, what they have signed, and a new request where there is none. */
  async #look(asked: Asked, settles = true): Promise<Found> {
    const [first] = asked.obligations as [Obligation];
    try {
      const now = this.#options.clock();
      const all = await this.#quorums(asked, now);
      if ('kind' in all) return all;
      const open = await this.#requests.matching(asked, now);
      return (await this.#answered(open, all, now, settles)) ?? (await this.#pending(open, asked, now));
    } catch (error) {
      this.#problem(error);
      // Only what is asked can be malformed; anything else is a store, or a function of the host, that fails.
      const isTooMuch = error instanceof CovenantError;
      return {
        kind: 'refused',
        obligation: first,
        reason: isTooMuch
          ? `${first.name} is required first, and nobody can be asked for it: the request is too large or not fit to be signed`
          : `${first.name} is required first, and whether it was given cannot be told`,
        detail: error instanceof Error ? error.message : String(error),
        retryable: !isTooMuch,
      };
    }
  }

  async #quorums(asked: Asked, now: number): Promise<readonly Quorum[] | Refusal> {
    const { keys, settings, timeoutMs } = this.#options;
    const { requester } = settings;
    const named = asked.obligations.map((one) => [one, this.#approversOf(one, asked) as Approvers] as const);
    const who: unknown = typeof requester === 'function' ? requester(asked.request) : requester;
    // Any other name would keep nobody from approving.
    if (who !== undefined && !isEd25519Did(who)) throw new TypeError('a requester is named by a did:key');
    const delegates = asked.governing.links.map(({ document }) => document.beneficiary.id);
    const never = new Set([asked.agent, ...delegates, ...(who === undefined ? [] : [who])]);
    const asks = [...new Set(named.flatMap(([, approvers]) => approvers.keys))];
    const doubts = await inTime(
      () => keyDoubts(asks, { ...keys, now: new Date(now) }),
      timeoutMs,
      () => {
        throw new Error('what there is to know of the approvers’ keys was not to be had in time');
      },
    );
    return quorums(named, never, doubts);
  }

  async #answered(
    open: readonly ApprovalRecord[],
    all: readonly Quorum[],
    now: number,
    settles = true,
  ): Promise<Found | undefined> {
    const { clockSkewMs } = this.#options;
    let approved: Found | undefined;
    for (const record of open) {
      const onProblem = (error: unknown) => this.#problem(error);
      const answer = await answerOf(record, all, { now, clockSkewMs, onProblem });
      if (answer.kind === 'denied') return this.#denied(record, answer.by, all, settles);
      if (answer.kind === 'approved') approved ??= { kind: 'approved', record, by: answer.by };
    }
    return approved;
  }

  async #denied(
    { request }: ApprovalRecord,
    by: readonly string[],
    all: readonly Quorum[],
    settles: boolean,
  ): Promise<Refusal> {
    if (settles && (await this.#requests.settle(request.id, 'denied')))
      this.#note('approval.denied', request, { by });
    const { obligation } = (all.find(({ keys }) => by.some((key) => keys.has(key))) ?? all[0]) as Quorum;
    return { kind: 'refused', obligation, reason: `${obligation.name} was asked for and refused` };
  }

  async #pending(open: readonly ApprovalRecord[], asked: Asked, now: number): Promise<Found> {
    const record = open[0] ?? (await this.#requests.matchingOrNew(asked, now));
    if (record !== undefined) return { kind: 'pending', record };
    const [obligation] = asked.obligations as [Obligation];
    const reason = `${obligation.name} is required first, and too many requests wait for an answer`;
    return { kind: 'refused', obligation, reason, retryable: true };
  }

  /** Looked at once more: somebody may have denied it since, or a key may be revoked. And again when more is signed meanwhile. */
  async #use({ request }: ApprovalRecord, asked: Asked): Promise<Verdict | undefined> {
    try {
      for (let attempt = 0; attempt < MAX_USES; attempt++) {
        const now = this.#options.clock();
        const all = await this.#quorums(asked, now);
        if ('kind' in all) return this.#verdict(all, asked);
        const record = await this.#requests.get(request.id);
        if (record?.state !== 'open') break;
        const answer = await this.#answered([{ ...record, request }], all, now);
        if (answer?.kind === 'refused') return this.#verdict(answer, asked);
        const isTimely = this.#options.clock() < Date.parse(request.expiresAt);
        if (answer?.kind !== 'approved' || !isTimely) break;
        if (!(await this.#requests.settle(request.id, 'used', record))) continue;
        this.#note('approval.given', request, { by: answer.by });
        return undefined;
      }
    } catch (error) {
      this.#problem(error);
      // It may be used up, or not: in no case twice.
      const [obligation] = asked.obligations as [Obligation];
      const reason = `${obligation.name} was given, and could not be marked as used`;
      return this.#verdict({ kind: 'refused', obligation, reason, retryable: true }, asked);
    }
    const next = await this.#look(asked);
    return this.#verdict(next.kind === 'approved' ? { kind: 'pending', record: next.record } : next, asked);
  }

  #verdict(
    found: Exclude<Found, { kind: 'approved' }>,
    { obligations, governing }: Asked,
    besides: readonly Obligation[] = [],
  ): Verdict {
    if (found.kind === 'refused') return unmet(found.obligation, governing, found.reason, found);
    const [first] = obligations as [Obligation];
    const approval = referenceOf(found.record);
    return {
      ...denied('obligation_pending', `${first.name} is awaited for the request ${approval.id}`),
      ...required(first, governing),
      pending: [...obligations, ...besides.filter((one) => !obligations.includes(one))],
      approval,
    };
  }

  #note(
    kind: string,
    request: ApprovalRequest,
    facts: Readonly<Record<string, string | readonly string[]>> = {},
  ): void {
    const { id: approval, agent, audience, obligations } = request;
    const covenant = obligations[0]?.covenant ?? '';
    this.#options.event(kind, this.#options.clock(), { covenant, agent, approval, audience, ...facts });
  }

  /** Whoever looks on does not decide; one that is async must not end the process either. */
  #problem(error: unknown): void {
    const tell = async () => this.#options.settings.onProblem?.(error);
    tell().catch(() => undefined);
  }
}

const referenceOf = ({ request }: ApprovalRecord): ApprovalReference => ({
  id: request.id,
  expiresAt: request.expiresAt,
});

function isSameState(one: ApprovalRecord, other: ApprovalRecord | undefined): boolean {
  const proofs = ({ approval, denial }: ApprovalRecord) =>
    `${approval?.proof.length ?? 0} ${denial?.proof.length ?? 0}`;
  return other !== undefined && one.state === other.state && proofs(one) === proofs(other);
}
