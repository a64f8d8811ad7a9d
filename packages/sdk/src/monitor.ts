import type { ChainLink, CovenantDocument } from '@stele/core';
import type { DecisionCode } from '@stele/types/codes';
import type { Asking } from './called-tool.js';
import type { ActionRequest, Decision } from './decision.js';
import { ActionFailedError, ActionNotPerformedError, CovenantDeniedError } from './errors.js';
import { clockOf } from './lib/clocks.js';
import { type Admitted, Decisions, type Refused } from './lib/decisions.js';
import { checkTimeout } from './lib/in-time.js';
import type { Snapshot } from './lib/request.js';
import { type Running, RunningActions } from './lib/running.js';
import type { Effect, ShadowCounts } from './lib/shadow.js';
import { soon } from './lib/soon.js';
import { observeDecision } from './lib/telemetry-decision.js';
import { observeStore } from './lib/telemetry-store.js';
import { toldOnce } from './lib/told.js';
import { denied } from './lib/verdict.js';
import type { MonitorOptions } from './monitor-options.js';
import type { Outcome } from './sink.js';

const NO_LINKS: readonly ChainLink[] = [];

const DEFAULT_MAX_AGE_MS = 1_000;

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

/** Enforces covenants: every request is judged, charged and recorded before it may run. */
export class Monitor {
  readonly #decisions: Decisions;
  readonly #running: RunningActions;

  private constructor(decisions: Decisions, revocationMaxAgeMs: number) {
    this.#decisions = decisions;
    this.#running = new RunningActions({
      everyMs: checkTimeout('revocationMaxAgeMs', revocationMaxAgeMs),
      look: () => decisions.cutReason(),
      onCut: (objection, actions) => decisions.noteCut(objection, actions),
    });
  }

  /** See `createMonitor`. */
  static async create(options: MonitorOptions): Promise<Monitor> {
    if (typeof options !== 'object' || options === null || options.covenant === undefined) {
      throw new TypeError('createMonitor needs { covenant }');
    }
    const store = options.store && observeStore(options.store);
    const { trust } = options;
    const decisions = new Decisions({
      ...options,
      // Read once, like every value: a decision need not look at it again.
      ...(Array.isArray(trust) ? { trust: [...(trust as readonly string[])] } : {}),
      ...(store === undefined ? {} : { store }),
      covenant: [options.covenant].flat() as CovenantDocument[],
      told: await toldOnce(options, store, clockOf(options.clock)),
    });
    const monitor = new Monitor(decisions, options.revocationMaxAgeMs ?? DEFAULT_MAX_AGE_MS);
    await decisions.establish();
    return monitor;
  }

  /**
   * Judges a request. A permit has met its obligations, is charged and recorded, and stands for one run of what was
   * asked. A denial is a value, not an exception.
   * @param asking what the host tells beside the request: the tool that it is of
   */
  async check(request: ActionRequest, asking?: Asking): Promise<Decision> {
    const decided = await observeDecision(() => this.#decisions.decide(request, 'check', asking?.tool));
    if ('reserved' in decided && decided.reserved !== undefined) await this.#decisions.keep(decided);
    return decided.decision;
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
    return this.admitSoon(request, asking);
  }

  /**
   * As `admit`, but at once where there is nothing to wait for: no store, no limit, no obligation, and a sink in memory.
   * @throws CovenantDeniedError at once, or rejects with it
   */
  admitSoon(request: ActionRequest, asking?: Asking): Admission | Promise<Admission> {
    const decided = observeDecision(() => this.#decisions.decide(request, 'admit', asking?.tool));
    return soon(decided, (admitted) => this.#letIn(admitted));
  }

  #letIn(admitted: Admitted | Refused): Admission {
    if (!('reserved' in admitted)) throw new CovenantDeniedError(admitted.decision);
    const running = this.#running.begin();
    return new OneRun(admitted, running, async (outcome) => {
      this.#running.end(running);
      await this.#decisions.settle(admitted, outcome);
    });
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
    const decided = await this.#decisions.decide(request, judgedAgain ? 'glance' : 'preview', tool);
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
    const refuse = async () => this.#decisions.refuse(request, denied(code, reason));
    return (await observeDecision(refuse)).decision;
  }

  /** The covenants that govern, the roots first; none as long as they do not verify. */
  get covenants(): readonly ChainLink[] {
    return this.#decisions.governing?.links ?? NO_LINKS;
  }

  /** What became of the candidate so far; undefined without one. */
  get shadow(): ShadowCounts | undefined {
    return this.#decisions.shadow;
  }

  /** Decisions wait for no more signatures. Waits until everything is recorded, `recordTimeoutMs` at most, and closes the sink. */
  async close(): Promise<void> {
    await this.#decisions.close();
  }
}

/** A class, since an object with a getter of its own takes longer to make than all else that is made for a request. */
class OneRun implements Admission {
  readonly decision: Decision;
  readonly request: Snapshot;
  readonly settle: Admission['settle'];
  readonly #running: Running;

  constructor({ decision, snapshot }: Admitted, running: Running, end: (outcome: Outcome) => Promise<void>) {
    this.decision = decision;
    this.request = snapshot;
    this.#running = running;
    let settled = false;
    this.settle = async (outcome) => {
      if (!OUTCOMES.has(outcome)) throw new TypeError(`an outcome is one of ${[...OUTCOMES].join(', ')}`);
      if (settled) return;
      settled = true;
      await end(outcome);
    };
  }

  get signal(): AbortSignal {
    return this.#running.signal;
  }
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof ActionNotPerformedError) return 'not_performed';
  return error instanceof ActionFailedError ? 'failed' : 'unknown';
}
