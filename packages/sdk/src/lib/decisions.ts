/** How a monitor decides. */
import type { LimitLedger } from '@stele/ccl';
import type { CovenantDocument } from '@stele/core';
import { type Asking, CalledTool } from '../called-tool.js';
import type { Decision, Obligation, Receipt } from '../decision.js';
import type { MonitorOptions } from '../monitor-options.js';
import { MemorySink, type Outcome } from '../sink.js';
import { type ApprovalOptions, approvalSettings } from './approval-options.js';
import { Approvals, type Approved } from './approvals.js';
import { chargeOrDeny } from './charged.js';
import { appliedLimits, type Judged, type Reserved } from './charging.js';
import { clockOf, limitsOf } from './clocks.js';
import type { Filed } from './denials.js';
import type { Deciding } from './entry.js';
import { Governance } from './governance.js';
import { type Governing, type GoverningOptions, type Objection, settings } from './governing.js';
import { checkTimeout, DEFAULT_TIMEOUT_MS, inTime } from './in-time.js';
import { meetObligations, obligationsOf, unhandled } from './obligations.js';
import { digestOf, notAgreed } from './pinned.js';
import { Recorder } from './recorder.js';
import { type Snapshot, snapshotRequest } from './request.js';
import { type Effect, Shadow, type ShadowCounts } from './shadow.js';
import { isPromise, type Soon, soon } from './soon.js';
import { evaluate, measuredLedger } from './telemetry-calls.js';
import { denied, judgedDenial, permitted, type Verdict } from './verdict.js';

const DEFAULT_SKEW_MS = 60_000;

/** What a decision is made for: a request that is over with it, one whose outcome will be told, or to look ahead. */
export type Purpose = 'check' | 'admit' | 'preview' | 'glance';

export interface Admitted {
  readonly decision: Decision;
  readonly snapshot: Snapshot;
  readonly reserved: Reserved | undefined;
  readonly receipt: Receipt;
}

export interface Refused {
  readonly decision: Decision;
}

/** One request that is decided on. */
interface Asked {
  /** Undefined for one that could not be read. */
  readonly request: Snapshot | undefined;
  readonly purpose: Purpose;
  readonly tool: Asking['tool'];
}

type Readable = Asked & { readonly request: Snapshot };

export type DecisionsOptions = MonitorOptions & GoverningOptions;

export class Decisions {
  readonly clock: () => number;
  readonly #options: DecisionsOptions;
  readonly #ledger: LimitLedger;
  readonly #recorder: Recorder;
  readonly #lookupTimeoutMs: number;
  readonly #recordTimeoutMs: number;
  readonly #governance: Governance;
  readonly #shadow: Shadow | undefined;
  readonly #approvals: Approvals | undefined;
  #latest = Number.NEGATIVE_INFINITY;

  constructor(options: DecisionsOptions) {
    const { clock, lookupTimeoutMs = DEFAULT_TIMEOUT_MS, recordTimeoutMs = DEFAULT_TIMEOUT_MS } = options;
    this.#options = options;
    this.#lookupTimeoutMs = checkTimeout('lookupTimeoutMs', lookupTimeoutMs);
    this.#recordTimeoutMs = checkTimeout('recordTimeoutMs', recordTimeoutMs);
    this.clock = clockOf(clock);
    this.#ledger = measuredLedger(options.limits ?? limitsOf(clock));
    this.#recorder = Recorder.of(options.sink ?? new MemorySink({ values: false }));
    const { shadow, ...live } = options;
    this.#governance = new Governance(live, lookupTimeoutMs);
    this.#shadow =
      shadow === undefined
        ? undefined
        : new Shadow({ ...live, covenant: [shadow].flat() as CovenantDocument[] }, this.#recorder);
    this.#approvals = options.approvals === undefined ? undefined : this.#approvalsOf(options);
  }

  /** The covenants that govern; undefined as long as they do not verify. */
  get governing(): Governing | undefined {
    return this.#governance.governing;
  }

  get shadow(): ShadowCounts | undefined {
    return this.#shadow?.counts;
  }

  /** Verifies the covenants ahead of the first decision. */
  async establish(): Promise<void> {
    const now = this.clock();
    if (Number.isFinite(now)) await this.#governance.establish(now);
  }

  /** The way of a decision: snapshot, covenants, pinned tools, rules, obligations, limits, record. */
  decide(request: unknown, purpose: Purpose, tool: Asking['tool']): Soon<Admitted | Refused> {
    const now = this.clock();
    const snapshot = snapshotRequest(request);
    if (typeof snapshot === 'string')
      return this.#deny(denied('malformed_request', snapshot), { request: undefined, purpose, tool }, now);
    const asked: Readable = { request: snapshot, purpose, tool };

    const suspect = this.#clockProblem(now);
    if (suspect !== undefined) return this.#deny(suspect, asked, now);
    return soon(this.#governance.at(now), (governing) => {
      if (!('links' in governing)) return this.#deny(this.#fallen(governing), asked, now);
      if (governing.pinned.length === 0) return this.#judge(governing, asked, now);
      return this.#notAgreed(governing, tool).then((changed) => {
        if (changed === undefined) return this.#judge(governing, asked, now);
        this.#judgeBeside(asked, 'deny', now);
        return this.#deny(changed, asked, now);
      });
    });
  }

  #judge(governing: Governing, asked: Readable, now: number): Soon<Admitted | Refused> {
    const judged = judge(governing, asked.request);
    const denial = judged.find(({ evaluation }) => !evaluation.permitted);
    const obligations = obligationsOf(judged);
    this.#judgeBeside(asked, denial ? 'deny' : obligations.length > 0 ? 'pending' : 'permit', now);
    if (denial !== undefined) return this.#deny(judgedDenial(denial, governing), asked, now);
    return obligations.length === 0
      ? this.#grant(judged, governing, asked, now)
      : this.#oblige(judged, obligations, governing, asked);
  }

  /** Denies for a reason of the host's. */
  refuse(request: unknown, verdict: Verdict): Refused {
    const snapshot = snapshotRequest(request);
    const about = this.#about(typeof snapshot === 'string' ? undefined : snapshot, this.clock());
    return this.#refuse(verdict, about);
  }

  /** Why what runs must stop. A store that is away is no reason to break off what was permitted. */
  async cutReason(): Promise<Objection | undefined> {
    const found = await this.#governance.at(this.clock());
    if ('links' in found) return undefined;
    this.#approvals?.revoked(found);
    return found.code === 'revocation_unknown' ? undefined : found;
  }

  noteCut({ code, covenant }: Objection, actions: number): void {
    const id = covenant ?? this.governing?.ids.at(-1) ?? '';
    this.#recorder.event('covenant.cut', this.clock(), { covenant: id, code, actions });
  }

  /** Records what became of a permitted action, and keeps or gives back what was charged for it. */
  async settle({ reserved, receipt }: Admitted, outcome: Outcome): Promise<void> {
    const recorded = this.#recorder.outcome(receipt.seq, outcome, this.clock(), this.#recordTimeoutMs);
    // Side by side: a ledger that does not answer must not keep the outcome out of the record.
    if (reserved !== undefined)
      await this.#inTime(outcome === 'not_performed' ? reserved.takeBackBudgets() : reserved.keep());
    await recorded;
  }

  /** Keeps what was charged for a request whose outcome nobody will tell. */
  async keep({ reserved }: Admitted): Promise<void> {
    if (reserved !== undefined) await this.#inTime(reserved.keep());
  }

  async close(): Promise<void> {
    this.#approvals?.close();
    await this.#recorder.close(this.#recordTimeoutMs);
  }

  /** What must happen first, and then what comes after it. */
  async #oblige(
    judged: readonly Judged[],
    obligations: readonly Obligation[],
    governing: Governing,
    asked: Readable,
  ): Promise<Admitted | Refused> {
    const met = await this.#met(obligations, governing, asked);
    // Meeting them may have taken days: what can change meanwhile is looked at again, and the record has the time of now.
    const at = this.clock();
    if (met !== undefined && 'code' in met)
      return this.#deny({ ...met, limits: appliedLimits(judged), obligations }, asked, at);
    const since = await this.#changedSince(met, asked, at);
    return since === undefined
      ? this.#grant(judged, governing, asked, at, obligations, met)
      : this.#deny(since, asked, at);
  }

  async #changedSince(met: Approved | undefined, { tool }: Asked, at: number): Promise<Verdict | undefined> {
    const behind = this.#clockProblem(at);
    if (behind !== undefined) return behind;
    const governing = await this.#governance.at(at);
    if (!('links' in governing)) return this.#fallen(governing);
    const changed = governing.pinned.length > 0 ? await this.#notAgreed(governing, tool) : undefined;
    if (changed !== undefined || met === undefined) return changed;
    return (await this.#digest(tool)) === met.toolDigest
      ? undefined
      : denied('tool_contract_changed', 'the tool is no longer what was approved');
  }

  /** Nothing speaks against it: charges, uses up what was approved, and records. */
  #grant(
    judged: readonly Judged[],
    governing: Governing,
    asked: Readable,
    at: number,
    obligations: readonly Obligation[] = NONE,
    met?: Approved,
  ): Soon<Admitted | Refused> {
    if (!isReal(asked.purpose))
      return { decision: Object.freeze(permitted(judged, appliedLimits(judged), obligations)) };
    return met === undefined && !hasLimits(judged)
      ? this.#permit(permitted(judged, NONE, obligations), undefined, asked, at)
      : this.#charge(judged, governing, asked, at, obligations, met);
  }

  async #charge(
    judged: readonly Judged[],
    governing: Governing,
    asked: Readable,
    at: number,
    obligations: readonly Obligation[],
    met: Approved | undefined,
  ): Promise<Admitted | Refused> {
    const charged = await chargeOrDeny(judged, governing, this.#ledger);
    if ('code' in charged) return this.#deny({ ...charged, obligations }, asked, at);
    const { limits, reservation } = charged;
    const lost = met === undefined ? undefined : await met.use();
    if (lost !== undefined) {
      await this.#takenBack(reservation);
      return this.#deny({ ...lost, limits: appliedLimits(judged), obligations }, asked, at);
    }
    const permit = permitted(judged, limits, obligations);
    const approved = met === undefined ? permit : { ...permit, approval: met.approval };
    return this.#permit(approved, reservation, asked, at);
  }

  #permit(
    verdict: Verdict,
    reserved: Reserved | undefined,
    { request, purpose }: Readable,
    at: number,
  ): Soon<Admitted | Refused> {
    const about = this.#about(request, at);
    const recorded = (receipt: Receipt): Admitted => {
      const decision = this.#decided(Object.assign(verdict, { receipt }), request);
      return { decision, snapshot: request, reserved, receipt };
    };
    const failed = async (error: unknown): Promise<Refused> => {
      await this.#takenBack(reserved);
      const detail = error instanceof Error ? { detail: error.message } : {};
      return this.#refuse(denied('record_failed', 'the decision could not be recorded', detail), about);
    };
    let receipt: Soon<Receipt>;
    try {
      receipt = this.#recorder.permit(verdict, about, purpose === 'admit', this.#recordTimeoutMs);
    } catch (error) {
      return failed(error);
    }
    return isPromise(receipt) ? receipt.then(recorded, failed) : recorded(receipt);
  }

  #deny(verdict: Verdict, { request, purpose }: Asked, at: number): Refused {
    if (purpose === 'glance' && verdict.pending === undefined) return { decision: Object.freeze(verdict) };
    return this.#refuse(verdict, this.#about(request, at));
  }

  /** A denial does not wait for its record, and stands whatever becomes of it. */
  #refuse(verdict: Verdict, about: Deciding): Refused {
    const filed = this.#recorder.denial(verdict, about);
    return { decision: this.#decided(withReceipt(verdict, filed), about.request) };
  }

  #met(
    obligations: readonly Obligation[],
    governing: Governing,
    { request, purpose, tool }: Readable,
  ): Promise<Approved | Verdict | undefined> {
    const handlers = this.#options.obligations ?? {};
    const approvals = this.#approvals;
    if (approvals !== undefined)
      return this.#signed(approvals, { request, governing, obligations, agent: this.#agent }, purpose, tool);
    return isReal(purpose)
      ? meetObligations(obligations, handlers, request, governing)
      : Promise.resolve(unhandled(obligations, handlers, governing));
  }

  /** What is signed for is one tool as it is now. Without pins a tool of which nothing can be told is none that was agreed to. */
  async #signed(
    approvals: Approvals,
    asked: Omit<Parameters<Approvals['meet']>[0], 'toolDigest'>,
    purpose: Purpose,
    tool: Asking['tool'],
  ): Promise<Approved | Verdict | undefined> {
    const handlers = this.#options.obligations ?? {};
    const of = { ...asked, toolDigest: await this.#digest(tool) };
    if (isReal(purpose)) return approvals.meet(of, handlers);
    return approvals.preview(of, handlers, purpose === 'glance');
  }

  /** Undefined where there is no tool, or its contract cannot be told. */
  async #digest(tool: Asking['tool']): Promise<string | undefined> {
    const digest = tool instanceof CalledTool ? await digestOf(tool, this.#lookupTimeoutMs) : undefined;
    return typeof digest === 'string' ? digest : undefined;
  }

  #approvalsOf(options: DecisionsOptions): Approvals {
    const { approvals, store, clockSkewMs = DEFAULT_SKEW_MS } = options;
    return new Approvals({
      settings: approvalSettings(approvals as ApprovalOptions, store),
      clock: this.clock,
      clockSkewMs,
      timeoutMs: this.#lookupTimeoutMs,
      keys: settings(options),
      event: (kind, now, facts) => this.#recorder.event(kind, now, facts),
    });
  }

  /** Whatever becomes of it is no part of the decision. */
  #judgeBeside({ request, purpose, tool }: Readable, live: Effect, now: number): void {
    if (this.#shadow === undefined || !isReal(purpose)) return;
    this.#shadow
      .judge(request, live, { ...this.#about(request, now), tool })
      .then(undefined, () => undefined);
  }

  async #notAgreed({ pinned }: Governing, tool: Asking['tool']): Promise<Verdict | undefined> {
    const objection = await notAgreed(pinned, tool, this.#lookupTimeoutMs);
    return objection && denied(objection.code, objection.reason, objection);
  }

  /** What is to be said of covenants that do not govern, or govern no longer. */
  #fallen(objection: Objection): Verdict {
    this.#approvals?.revoked(objection);
    return denied(objection.code, objection.reason, objection);
  }

  #clockProblem(now: number): Verdict | undefined {
    const skew = this.#options.clockSkewMs ?? DEFAULT_SKEW_MS;
    if (!(now >= this.#latest - skew))
      return denied('clock_suspect', 'the clock stands behind the last decision');
    if (!(now >= this.#recorder.lastTime - skew))
      return denied(
        'clock_suspect',
        'the clock stands behind the newest entry of the record, or that cannot be told',
      );
    this.#latest = Math.max(this.#latest, now);
    return undefined;
  }

  async #takenBack(reserved: Reserved | undefined): Promise<void> {
    if (reserved !== undefined) await this.#inTime(reserved.takeBack());
  }

  /** A ledger that does not answer keeps the charge when the reservation expires: too much is counted, never too little. */
  async #inTime(settling: Promise<void>): Promise<void> {
    const nothing = () => undefined;
    await inTime(() => settling, this.#recordTimeoutMs, nothing).catch(nothing);
  }

  #about(request: Snapshot | undefined, now: number): Deciding {
    return { request, governing: this.governing, agent: this.#agent, now };
  }

  #decided(decision: Decision, request: Snapshot | undefined): Decision {
    Object.freeze(decision);
    if (this.#options.onDecision !== undefined) void this.#tell(decision, request);
    return decision;
  }

  /** Whoever looks on does not decide; one that is async must not end the process either. */
  async #tell(decision: Decision, request: Snapshot | undefined): Promise<void> {
    try {
      await this.#options.onDecision?.(decision, request);
    } catch {
      // The decision stands.
    }
  }

  get #agent(): string {
    return this.#options.agent ?? this.governing?.leaves[0]?.beneficiary.id ?? 'unknown';
  }
}

const NONE: readonly never[] = Object.freeze([]);

const isReal = (purpose: Purpose): boolean => purpose === 'check' || purpose === 'admit';

const hasLimits = (judged: readonly Judged[]): boolean =>
  judged.some(({ evaluation }) => evaluation.limits.length > 0);

function judge(governing: Governing, request: Snapshot): Judged[] {
  return governing.links.map((link) => ({ link, evaluation: evaluate(link.policy, request) }));
}

/** The receipt of a denial is there once its entry is durable; the decision itself does not change. */
const withReceipt = (verdict: Verdict, filed: Filed): Decision => ({
  ...verdict,
  get receipt() {
    return filed.receipt;
  },
});
