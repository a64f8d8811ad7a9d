import type { LimitLedger } from '@stele/ccl';
import type { ChainLink, CovenantDocument } from '@stele/core';
import type { DecisionCode } from '@stele/types/codes';
import { type Asking, CalledTool } from './called-tool.js';
import type { ActionRequest, Decision, Obligation, Receipt } from './decision.js';
import { ActionFailedError, ActionNotPerformedError, CovenantDeniedError } from './errors.js';
import { type ApprovalOptions, approvalSettings } from './lib/approval-options.js';
import type { Asked } from './lib/approval-requests.js';
import { Approvals, type Approved } from './lib/approvals.js';
import { chargeOrDeny } from './lib/charged.js';
import { appliedLimits, type Judged, type Reserved } from './lib/charging.js';
import { clockOf, limitsOf } from './lib/clocks.js';
import type { Filed } from './lib/denials.js';
import type { Deciding } from './lib/entry.js';
import {
  type Governing,
  type GoverningOptions,
  govern,
  type Objection,
  settings,
  standing,
} from './lib/governing.js';
import { checkTimeout, DEFAULT_TIMEOUT_MS, inTime } from './lib/in-time.js';
import { meetObligations, obligationsOf, unhandled } from './lib/obligations.js';
import { digestOf, notAgreed, type Pinned } from './lib/pinned.js';
import { Recorder } from './lib/recorder.js';
import { type Snapshot, snapshotRequest } from './lib/request.js';
import { RunningActions } from './lib/running.js';
import { type Effect, Shadow, type ShadowCounts } from './lib/shadow.js';
import { evaluate, measuredLedger } from './lib/telemetry-calls.js';
import { observeDecision } from './lib/telemetry-decision.js';
import { observeStore } from './lib/telemetry-store.js';
import { toldOnce } from './lib/told.js';
import { denied, judgedDenial, permitted, type Verdict } from './lib/verdict.js';
import type { MonitorOptions } from './monitor-options.js';
import { MemorySink, type Outcome } from './sink.js';

const NO_LINKS: readonly ChainLink[] = [];

const DEFAULT_SKEW_MS = 60_000;
const DEFAULT_MAX_AGE_MS = 1_000;

const TOO_LATE: Objection = {
  code: 'revocation_unknown',
  reason: 'what there is to know of the covenants and their keys was not to be had in time',
  retryable: true,
};

/**
 * Makes the monitor of an agent. Covenants that do not verify do not make this fail: the monitor then denies every
 * request and says why.
 * @throws TypeError or RangeError for options of the wrong type
 */
export async function createMonitor(options: MonitorOptions): Promise<Monitor> {
  return Monitor.create(options);
}

const OUTCOMES: ReadonlySet<Outcome> = new Set(['done', 'failed', 'not_performed', 'unknown']);

/** A request that was let in: it may run once, and what became of it is to be told. */
export interface Admission {
  readonly decision: Decision;
  /** What was judged, and therefore what must run. */
  readonly request: Snapshot;
  /**
   * Aborted when the covenants no longer stand while the action runs, with a CovenantCutError. Where that cannot be told,
   * because a store is away, what runs goes on: only new requests are denied then.
   */
  readonly signal: AbortSignal;
  /**
   * To be called once, when the action has ended. Resolves when its outcome is recorded, or could not be in time.
   * @throws TypeError for what is no outcome
   */
  readonly settle: (outcome: Outcome) => Promise<void>;
}

/** What would become of a request, as far as that can be told without effect. */
export interface Preview {
  /** `pending`: a person is to approve it first, see `decision.approval`. */
  readonly effect: Effect;
  /** Not recorded where it permits: it is then no permit, and says nothing of limits and of obligations with handlers. */
  readonly decision: Decision;
}

export interface PreviewOptions extends Asking {
  /** A denial is not recorded, since the request is judged again at once: by the guard of the tool that is called then. */
  readonly judgedAgain?: boolean;
}

/** What a decision is made for: a request that is over with it, one whose outcome will be told, or to look ahead. */
type Purpose = 'check' | 'admit' | 'preview' | 'glance';

/** Enforces covenants: every request is judged, charged and recorded before it may run. */
export class Monitor {
  readonly #options: MonitorOptions & GoverningOptions;
  readonly #ledger: LimitLedger;
  readonly #recorder: Recorder;
  readonly #clock: () => number;
  readonly #lookupTimeoutMs: number;
  readonly #recordTimeoutMs: number;
  readonly #running: RunningActions;
  readonly #shadow: Shadow | undefined;
  readonly #approvals: Approvals | undefined;
  #governing: Governing | undefined;
  #latest = Number.NEGATIVE_INFINITY;

  private constructor(options: MonitorOptions & GoverningOptions) {
    const { clock, lookupTimeoutMs = DEFAULT_TIMEOUT_MS, recordTimeoutMs = DEFAULT_TIMEOUT_MS } = options;
    this.#options = options;
    this.#lookupTimeoutMs = checkTimeout('lookupTimeoutMs', lookupTimeoutMs);
    this.#recordTimeoutMs = checkTimeout('recordTimeoutMs', recordTimeoutMs);
    this.#clock = clockOf(clock);
    this.#ledger = measuredLedger(options.limits ?? limitsOf(clock));
    this.#recorder = Recorder.of(options.sink ?? new MemorySink({ values: false }));
    const { shadow, ...live } = options;
    this.#shadow =
      shadow === undefined
        ? undefined
        : new Shadow({ ...live, covenant: [shadow].flat() as CovenantDocument[] }, this.#recorder);
    this.#approvals = options.approvals === undefined ? undefined : this.#approvalsOf(options);
    this.#running = new RunningActions({
      everyMs: checkTimeout('revocationMaxAgeMs', options.revocationMaxAgeMs ?? DEFAULT_MAX_AGE_MS),
      look: () => this.#cutReason(),
      onCut: (objection, actions) => this.#noteCut(objection, actions),
    });
  }

  /** See `createMonitor`. */
  static async create(options: MonitorOptions): Promise<Monitor> {
    if (typeof options !== 'object' || options === null || options.covenant === undefined) {
      throw new TypeError('createMonitor needs { covenant }');
    }
    const store = options.store && observeStore(options.store);
    const monitor = new Monitor({
      ...options,
      ...(store === undefined ? {} : { store }),
      covenant: [options.covenant].flat() as CovenantDocument[],
      told: await toldOnce(options, store, clockOf(options.clock)),
    });
    const now = monitor.#clock();
    if (Number.isFinite(now)) await monitor.#inTime(() => monitor.#established(new Date(now)));
    return monitor;
  }

  /**
   * Judges a request. A permit has met its obligations, is charged and recorded, and stands for one run of what was
   * asked. A denial is a value, not an exception.
   * @param asking what the host tells beside the request: the tool that it is of
   */
  async check(request: ActionRequest, asking?: Asking): Promise<Decision> {
    const admitted = await observeDecision(() => this.#decide(request, 'check', asking?.tool));
    if ('reserved' in admitted) await this.#settled(admitted.reserved?.keep());
    return admitted.decision;
  }

  /**
   * Judges a request and, when it is permitted, runs the action.
   * @param run gets the snapshot that was judged, and only what it contains may be used; and a signal that tells it to stop
   *   when the covenant no longer stands
   * @param asking as for `check`
   * @returns what `run` returned
   * @throws CovenantDeniedError when the request is not permitted; whatever `run` throws
   */
  async enforce<T>(
    request: ActionRequest,
    run: (request: Snapshot, running: { readonly signal: AbortSignal }) => T | Promise<T>,
    asking?: Asking,
  ): Promise<T> {
    const { request: judged, signal, settle } = await this.admit(request, asking);
    let outcome: Outcome = 'unknown';
    try {
      const result = await run(judged, { signal });
      outcome = 'done';
      return result;
    } catch (error) {
      outcome = outcomeOf(error);
      throw error;
    } finally {
      await settle(outcome);
    }
  }

  /** The same for an action that yields: it has ended when the stream has, and is `unknown` when the reader leaves early. */
  async *enforceStream<T>(
    request: ActionRequest,
    run: (request: Snapshot, running: { readonly signal: AbortSignal }) => AsyncIterable<T>,
    asking?: Asking,
  ): AsyncGenerator<T, void, undefined> {
    const { request: judged, signal, settle } = await this.admit(request, asking);
    let outcome: Outcome = 'unknown';
    try {
      yield* run(judged, { signal });
      outcome = 'done';
    } catch (error) {
      outcome = outcomeOf(error);
      throw error;
    } finally {
      await settle(outcome);
    }
  }

  /**
   * The first half of `enforce`, for hosts that cannot pass a function, such as middleware and streams.
   * @param asking as for `check`
   * @throws CovenantDeniedError when the request is not permitted
   */
  async admit(request: ActionRequest, asking?: Asking): Promise<Admission> {
    const admitted = await observeDecision(() => this.#decide(request, 'admit', asking?.tool));
    if (!('reserved' in admitted)) throw new CovenantDeniedError(admitted.decision);
    const { decision, snapshot, reserved, receipt } = admitted;
    let settled = false;
    const running = this.#running.begin();
    return {
      decision,
      request: snapshot,
      get signal() {
        return running.signal;
      },
      settle: async (outcome) => {
        if (!OUTCOMES.has(outcome)) throw new TypeError(`an outcome is one of ${[...OUTCOMES].join(', ')}`);
        if (settled) return;
        settled = true;
        this.#running.end(running);
        // Side by side: a ledger that does not answer must not keep the outcome out of the record.
        await Promise.all([
          this.#settled(outcome === 'not_performed' ? reserved?.takeBackBudgets() : reserved?.keep()),
          this.#recorder.outcome(receipt.seq, outcome, this.#clock(), this.#recordTimeoutMs),
        ]);
      },
    };
  }

  /**
   * Judges a request for frameworks that ask before they act: nothing is charged or used up, and no handler is asked. A denial is
   * recorded, and where signatures are needed a request for them is opened. What is then done must be judged by `enforce`,
   * `admit` or `check` all the same.
   */
  async preview(
    request: ActionRequest,
    { judgedAgain = false, tool }: PreviewOptions = {},
  ): Promise<Preview> {
    const decided = await this.#decide(request, judgedAgain ? 'glance' : 'preview', tool);
    const { decision } = decided;
    if (decision.permitted) return { effect: 'permit', decision };
    const effect = decision.pending === undefined ? 'deny' : 'pending';
    if (effect === 'pending' || !judgedAgain) await observeDecision(async () => decided);
    return { effect, decision };
  }

  /**
   * Denies a request for a reason of the host's, before any rule is asked: a tool that is not what was agreed, say. It is
   * recorded, and told of, like every other denial.
   * @param reason one sentence, which the agent may see
   */
  async refuse(
    request: ActionRequest,
    code: Exclude<DecisionCode, 'permitted'>,
    reason: string,
  ): Promise<Decision> {
    const snapshot = snapshotRequest(request);
    const about = this.#about(typeof snapshot === 'string' ? undefined : snapshot, this.#clock());
    return (await observeDecision(async () => this.#refuse(denied(code, reason), about))).decision;
  }

  /** The covenants that govern, the roots first; none as long as they do not verify. */
  get covenants(): readonly ChainLink[] {
    return this.#governing?.links ?? NO_LINKS;
  }

  /** What became of the candidate so far; undefined without one. */
  get shadow(): ShadowCounts | undefined {
    return this.#shadow?.counts;
  }

  /** Decisions wait for no more signatures. Waits until everything is recorded, `recordTimeoutMs` at most, and closes the sink. */
  async close(): Promise<void> {
    this.#approvals?.close();
    await this.#recorder.close(this.#recordTimeoutMs);
  }

  /** The way of a decision, in one line: snapshot, covenants, pinned tools, rules, obligations, limits, record. */
  async #decide(request: unknown, purpose: Purpose, tool: Asking['tool']): Promise<Admitted | Refused> {
    const now = this.#clock();
    const snapshot = snapshotRequest(request);
    let at = now;
    const refuse = (verdict: Verdict) =>
      purpose === 'glance' && verdict.pending === undefined
        ? { decision: Object.freeze(verdict) }
        : this.#refuse(verdict, this.#about(typeof snapshot === 'string' ? undefined : snapshot, at));
    if (typeof snapshot === 'string') return refuse(denied('malformed_request', snapshot));

    const suspect = this.#clockProblem(now);
    if (suspect !== undefined) return refuse(denied('clock_suspect', suspect));
    const governing = await this.#standing(now);
    if (!('links' in governing)) return refuse(denied(governing.code, governing.reason, governing));

    const { pinned } = governing;
    const changed = pinned.length > 0 ? await this.#notAgreed(pinned, tool) : undefined;
    if (changed !== undefined) {
      if (isReal(purpose)) this.#judgeBeside(snapshot, 'deny', now, tool);
      return refuse(changed);
    }
    const judged = judge(governing, snapshot);
    const denial = judged.find(({ evaluation }) => !evaluation.permitted);
    const obligations = obligationsOf(judged);
    if (isReal(purpose))
      this.#judgeBeside(snapshot, denial ? 'deny' : obligations.length > 0 ? 'pending' : 'permit', now, tool);
    if (denial !== undefined) return refuse(judgedDenial(denial, governing));

    const met = await this.#met(obligations, snapshot, governing, purpose, tool);
    // Meeting them may have taken days: what can change meanwhile is looked at again, and the record has the time of now.
    if (obligations.length > 0) at = this.#clock();
    if (met !== undefined && 'code' in met)
      return refuse({ ...met, limits: appliedLimits(judged), obligations });
    if (obligations.length > 0) {
      const behind = this.#clockProblem(at);
      if (behind !== undefined) return refuse(denied('clock_suspect', behind));
      const still = await this.#standing(at);
      if (!('links' in still)) return refuse(denied(still.code, still.reason, still));
      const since = pinned.length > 0 ? await this.#notAgreed(pinned, tool) : undefined;
      if (since !== undefined) return refuse(since);
      if (met !== undefined && (await this.#digest(tool)) !== met.toolDigest)
        return refuse(denied('tool_contract_changed', 'the tool is no longer what was approved'));
    }

    if (!isReal(purpose))
      return { decision: Object.freeze(permitted(judged, appliedLimits(judged), obligations)) };
    const charged = await chargeOrDeny(judged, governing, this.#ledger);
    if ('code' in charged) return refuse({ ...charged, obligations });
    const permit = permitted(judged, charged.limits, obligations);
    if (met === undefined)
      return this.#permit(permit, charged.reservation, this.#about(snapshot, at), purpose === 'admit');

    const lost = await met.use();
    if (lost !== undefined) {
      await this.#settled(charged.reservation?.takeBack());
      return refuse({ ...lost, limits: appliedLimits(judged), obligations });
    }
    const approved = { ...permit, approval: met.approval };
    return this.#permit(approved, charged.reservation, this.#about(snapshot, at), purpose === 'admit');
  }

  /** Not async: a decision without approvals waits no longer for it than before there were any. */
  #met(
    obligations: readonly Obligation[],
    request: Snapshot,
    governing: Governing,
    purpose: Purpose,
    tool: Asking['tool'],
  ): Promise<Approved | Verdict | undefined> {
    const handlers = this.#options.obligations ?? {};
    if (this.#approvals === undefined || obligations.length === 0) {
      if (!isReal(purpose)) return Promise.resolve(unhandled(obligations, handlers, governing));
      return meetObligations(obligations, handlers, request, governing);
    }
    return this.#signed(
      this.#approvals,
      { request, governing, obligations, agent: this.#agent },
      purpose,
      tool,
    );
  }

  /** What is signed for is one tool as it is now. Without pins a tool of which nothing can be told is none that was agreed to. */
  async #signed(
    approvals: Approvals,
    asked: Asked,
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

  #approvalsOf(options: MonitorOptions & GoverningOptions): Approvals {
    const { approvals, store, clockSkewMs = DEFAULT_SKEW_MS } = options;
    return new Approvals({
      settings: approvalSettings(approvals as ApprovalOptions, store),
      clock: this.#clock,
      clockSkewMs,
      timeoutMs: this.#lookupTimeoutMs,
      keys: settings(options),
      event: (kind, now, facts) => this.#recorder.event(kind, now, facts),
    });
  }

  /** Whatever becomes of it is no part of the decision. */
  #judgeBeside(request: Snapshot, live: Effect, now: number, tool: Asking['tool']): void {
    void this.#shadow
      ?.judge(request, live, { ...this.#about(request, now), tool })
      .then(undefined, () => undefined);
  }

  async #notAgreed(pinned: readonly Pinned[], tool: Asking['tool']): Promise<Verdict | undefined> {
    const objection = await notAgreed(pinned, tool, this.#lookupTimeoutMs);
    return objection && denied(objection.code, objection.reason, objection);
  }

  #standing(now: number): Promise<Governing | Objection> {
    return this.#inTime(async () => {
      const at = new Date(now);
      const governing = this.#governing ?? (await this.#established(at));
      if (!('links' in governing)) return governing;
      const objection = await standing(governing, at);
      if (objection === undefined) return governing;
      this.#approvals?.revoked(objection);
      return objection;
    });
  }

  /** Why what runs must stop. A store that is away is no reason to break off what was permitted. */
  async #cutReason(): Promise<Objection | undefined> {
    const found = await this.#standing(this.#clock());
    return 'links' in found || found.code === 'revocation_unknown' ? undefined : found;
  }

  #noteCut({ code, covenant }: Objection, actions: number): void {
    const at = this.#clock();
    this.#recorder.event('covenant.cut', at, {
      covenant: covenant ?? this.#governing?.ids.at(-1) ?? '',
      code,
      actions,
    });
  }

  /** A store or a source of lists that never answers denies; it does not hold decisions up for ever. */
  #inTime(look: () => Promise<Governing | Objection>): Promise<Governing | Objection> {
    return inTime(look, this.#lookupTimeoutMs, () => TOO_LATE);
  }

  /** What governs is established once; as long as that fails it is tried again at the next request. */
  async #established(now: Date): Promise<Governing | Objection> {
    if (this.#governing !== undefined) return this.#governing;
    const governing = await govern(this.#options, now);
    if ('links' in governing) this.#governing = governing;
    return governing;
  }

  #clockProblem(now: number): string | undefined {
    const skew = this.#options.clockSkewMs ?? DEFAULT_SKEW_MS;
    if (!(now >= this.#latest - skew)) return 'the clock stands behind the last decision';
    if (!(now >= this.#recorder.lastTime - skew))
      return 'the clock stands behind the newest entry of the record, or that cannot be told';
    this.#latest = Math.max(this.#latest, now);
    return undefined;
  }

  async #permit(
    verdict: Verdict,
    reserved: Reserved | undefined,
    about: Deciding & { readonly request: Snapshot },
    settles: boolean,
  ): Promise<Admitted | Refused> {
    const { request } = about;
    try {
      const receipt = await this.#recorder.permit(verdict, about, settles, this.#recordTimeoutMs);
      return {
        decision: this.#decided({ receipt, ...verdict }, request),
        snapshot: request,
        reserved,
        receipt,
      };
    } catch (error) {
      await this.#settled(reserved?.takeBack());
      const detail = error instanceof Error ? { detail: error.message } : {};
      return this.#refuse(denied('record_failed', 'the decision could not be recorded', detail), about);
    }
  }

  /** A ledger that does not answer keeps the charge when the reservation expires: too much is counted, never too little. */
  async #settled(settling: Promise<void> | undefined): Promise<void> {
    if (settling === undefined) return;
    const nothing = () => undefined;
    await inTime(() => settling, this.#recordTimeoutMs, nothing).catch(nothing);
  }

  /** A denial does not wait for its record, and stands whatever becomes of it. */
  #refuse(verdict: Verdict, about: Deciding): Refused {
    const filed = this.#recorder.denial(verdict, about);
    return { decision: this.#decided(withReceipt(verdict, filed), about.request) };
  }

  #about<T extends Snapshot | undefined>(request: T, now: number): Deciding & { readonly request: T } {
    return { request, governing: this.#governing, agent: this.#agent, now };
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
    return this.#options.agent ?? this.#governing?.leaves[0]?.beneficiary.id ?? 'unknown';
  }
}

interface Admitted {
  readonly decision: Decision;
  readonly snapshot: Snapshot;
  readonly reserved: Reserved | undefined;
  readonly receipt: Receipt;
}

interface Refused {
  readonly decision: Decision;
}

/** The receipt of a denial is there once its entry is durable; the decision itself does not change. */
const withReceipt = (verdict: Verdict, filed: Filed): Decision => ({
  ...verdict,
  get receipt() {
    return filed.receipt;
  },
});

const isReal = (purpose: Purpose): boolean => purpose === 'check' || purpose === 'admit';

function judge(governing: Governing, request: Snapshot): Judged[] {
  return governing.links.map((link) => ({ link, evaluation: evaluate(link.policy, request) }));
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof ActionNotPerformedError) return 'not_performed';
  return error instanceof ActionFailedError ? 'failed' : 'unknown';
}
