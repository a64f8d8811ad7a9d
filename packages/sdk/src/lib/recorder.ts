import type { Receipt } from '../decision.js';
import type {
  DecisionEntry,
  DecisionRecord,
  DecisionSink,
  EventRecord,
  EventSink,
  LogEntry,
  Outcome,
} from '../sink.js';
import { Denials, type Filed } from './denials.js';
import { type Deciding, decisionRecord, outcomeRecord, timeOf } from './entry.js';
import { inTime } from './in-time.js';
import type { Soon } from './soon.js';
import { type MeasuredSink, measuredSink } from './telemetry-calls.js';
import type { Verdict } from './verdict.js';

/** Denials whose record is on its way; one more than this is counted as lost instead of queued. */
const MAX_DENIALS = 1_000;
/** Permits, and outcomes, that are on their way to a sink which does not answer. */
const MAX_WAITING = 10_000;

const recorders = new WeakMap<DecisionSink, Recorder>();

/** Writes what monitors decide to a sink, and counts what could not be written. */
export class Recorder {
  readonly #sink: MeasuredSink;
  readonly #takesEvents: boolean;
  readonly #denials = new Denials((entry, filed) => this.#later(entry, filed));
  #permits = 0;
  #notes = 0;
  /** Denials, outcomes and events that are on their way, and who waits until there are none. */
  #underway = 0;
  readonly #closing: (() => void)[] = [];
  #lost = 0;

  private constructor(sink: DecisionSink) {
    this.#sink = measuredSink(sink);
    this.#takesEvents = (sink as EventSink).takesEvents === true;
  }

  /**
   * One for all monitors of a sink: an agent may have several of them, and what is lost of one is told by the next entry.
   * @throws TypeError for what is no sink
   */
  static of(sink: DecisionSink): Recorder {
    if (typeof sink?.append !== 'function' || typeof sink.close !== 'function')
      throw new TypeError('a sink has append and close');
    const known = recorders.get(sink);
    if (known !== undefined) return known;
    const recorder = new Recorder(sink);
    recorders.set(sink, recorder);
    return recorder;
  }

  /** The time of the newest durable entry; without one before all times, and no time where it cannot be told. */
  get lastTime(): number {
    try {
      return this.#sink.lastTime ?? Number.NEGATIVE_INFINITY;
    } catch {
      return Number.NaN;
    }
  }

  /**
   * Records a permit. Throws, or rejects, when it is not durable in time: then there is no permit.
   * @param settles whether somebody will tell its outcome
   */
  permit(verdict: Verdict, about: Deciding, settles: boolean, timeoutMs: number): Soon<Receipt> {
    if (this.#permits >= MAX_WAITING) throw new Error('too many permits wait for their record');
    const record = decisionRecord(verdict, about, settles);
    if (this.#sink.isPrompt()) return this.#appendNow(record);
    this.#permits++;
    const appended = this.#append(record, this.#permitEnded);
    const late = () => {
      // Should it be durable after all, the record says that nothing came of it.
      const undone = ({ seq }: Receipt) => this.outcome(seq, 'not_performed', about.now, timeoutMs);
      appended.then(undone, () => undefined);
      throw new Error('the record of the permit was not durable in time');
    };
    return inTime(() => appended, timeoutMs, late);
  }

  readonly #permitEnded = () => {
    this.#permits--;
  };

  /** Records a denial in passing. */
  denial(verdict: Verdict, about: Deciding): Filed {
    return this.#denials.take(decisionRecord(verdict, about), about.now);
  }

  /** Records in passing what a candidate covenant would have decided. */
  shadow(verdict: Verdict, about: Deciding): void {
    this.#later({ ...decisionRecord(verdict, about, !verdict.permitted), mode: 'shadow' }, {});
  }

  /**
   * Records what became of a permitted action. It has happened, so a failure to write is counted, not thrown, and its
   * result is held back no longer than `timeoutMs`.
   */
  async outcome(of: number, outcome: Outcome, now: number, timeoutMs: number): Promise<void> {
    if (this.#underway >= MAX_WAITING) this.#lost++;
    else if (this.#sink.isPrompt()) this.#appendNowOrLose(outcomeRecord(of, outcome, now));
    else
      await inTime(
        () => this.#appendOrLose(outcomeRecord(of, outcome, now)),
        timeoutMs,
        () => undefined,
      );
  }

  /** Records an event in passing, where the sink takes events. */
  event(
    kind: string,
    now: number,
    facts: Readonly<Record<string, string | number | readonly string[]>>,
  ): void {
    if (!this.#takesEvents) return;
    void this.#appendOrLose({ v: 1, kind, time: timeOf(now), ...facts } as EventRecord);
  }

  /** Waits for what is on its way, though not for ever, then closes the sink. */
  async close(timeoutMs: number): Promise<void> {
    this.#denials.flush();
    await inTime(
      () => this.#none(),
      timeoutMs,
      () => undefined,
    );
    await this.#sink.close();
  }

  #later(entry: DecisionRecord, filed: Filed): void {
    if (this.#notes >= MAX_DENIALS) {
      this.#lost += decisionsIn(entry);
      return;
    }
    this.#notes++;
    void this.#appendOrLose(entry, filed).finally(() => this.#notes--);
  }

  /** Resolves when nothing is on its way. */
  async #none(): Promise<void> {
    if (this.#underway > 0) await new Promise<void>((resolve) => this.#closing.push(resolve));
  }

  #appendNow(entry: DecisionEntry): Receipt {
    const lost = this.#lost;
    this.#lost = 0;
    try {
      return receiptOf(this.#sink.appendNow(lost === 0 ? entry : { ...entry, lost }));
    } catch (error) {
      this.#lost += lost;
      throw error;
    }
  }

  #appendNowOrLose(entry: DecisionEntry): void {
    try {
      this.#appendNow(entry);
    } catch {
      this.#lost += decisionsIn(entry);
    }
  }

  async #append(entry: LogEntry, ended?: () => void): Promise<Receipt> {
    const lost = this.#lost;
    this.#lost = 0;
    try {
      const told = (lost === 0 ? entry : { ...entry, lost }) as DecisionEntry;
      return receiptOf(await this.#sink.append(told));
    } catch (error) {
      this.#lost += lost;
      throw error;
    } finally {
      ended?.();
    }
  }

  /** Never rejects. */
  async #appendOrLose(entry: LogEntry, filed?: Filed): Promise<void> {
    this.#underway++;
    try {
      const receipt = await this.#append(entry);
      if (filed !== undefined) filed.receipt = receipt;
    } catch {
      this.#lost += decisionsIn(entry);
    }
    if (--this.#underway === 0) for (const closed of this.#closing.splice(0)) closed();
  }
}

/** Of an entry that stood for several denials all of them are lost. */
const decisionsIn = (entry: LogEntry): number =>
  entry.kind === 'decision' ? ((entry as DecisionRecord).count ?? 1) : 1;

/** Field by field: a sink may answer with anything. */
function receiptOf(answer: Partial<Receipt>): Receipt {
  const { seq, origin, index, leafHash } = answer;
  if (!isPlace(seq)) throw new TypeError('a sink must answer with the number of the entry: { seq }');
  const receipt: { -readonly [K in keyof Receipt]: Receipt[K] } = { seq };
  if (typeof origin === 'string') receipt.origin = origin;
  if (isPlace(index)) receipt.index = index;
  if (typeof leafHash === 'string') receipt.leafHash = leafHash;
  return Object.freeze(receipt);
}

const isPlace = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
