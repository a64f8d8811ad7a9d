/** What a monitor calls, measured: the same functions, sinks and ledgers, with a watch beside them. */
import { evaluate as evaluateBare, type LimitLedger, type LimitRefusal, type Reservation } from '@stele/ccl';
import { isVerifiedCovenant, verifyCovenant as verifyBare } from '@stele/core';
import { type DecisionEntry, type DecisionSink, MemorySink } from '../sink.js';
import { type Instruments, instruments, lastInstruments } from './telemetry.js';

/** `evaluate` of the language, timed. */
export const evaluate: typeof evaluateBare = (policy, request) => {
  const measures = lastInstruments();
  if (measures === undefined) return evaluateBare(policy, request);
  const start = performance.now();
  try {
    return evaluateBare(policy, request);
  } finally {
    measures.cclEvaluateLatencyMs(performance.now() - start);
  }
};

/** `verifyCovenant`, timed. */
export const verifyCovenant: typeof verifyBare = (document, options) => {
  const measures = instruments();
  return measures === undefined
    ? verifyBare(document, options)
    : timedVerification(() => verifyBare(document, options), isVerifiedCovenant(document), measures);
};

async function timedVerification<T>(
  verify: () => Promise<T>,
  isKnown: boolean,
  measures: Instruments,
): Promise<T> {
  const start = performance.now();
  try {
    return await verify();
  } finally {
    const scope = isKnown ? 'standing' : 'whole';
    measures.covenantVerifyLatencyMs(performance.now() - start, { scope });
  }
}

/** Kept from before anybody can have changed the class. */
const { append: appendInMemory } = MemorySink.prototype;

export interface MeasuredSink extends DecisionSink {
  /**
   * Whether `appendNow` does what `append` would: of a sink in memory of which nobody has changed `append`, or looks on. Nothing
   * else can be relied on to answer at once.
   */
  isPrompt(): boolean;
  appendNow(entry: DecisionEntry): { seq: number };
}

/** A sink whose appends are timed, and whose failures and losses are counted. */
export function measuredSink(sink: DecisionSink): MeasuredSink {
  const isInMemory = sink instanceof MemorySink;
  return {
    isPrompt: () => isInMemory && sink.append === appendInMemory && lastInstruments() === undefined,
    appendNow: (entry) => (sink as MemorySink).appendNow(entry),
    append: (entry) => {
      const measures = lastInstruments();
      return measures === undefined ? sink.append(entry) : measuredAppend(sink, entry, measures);
    },
    get lastTime() {
      return sink.lastTime;
    },
    close: () => sink.close(),
  };
}

async function measuredAppend(
  sink: DecisionSink,
  entry: DecisionEntry,
  measures: Instruments,
): Promise<{ seq: number }> {
  const { kind } = entry;
  if (entry.kind === 'outcome') measures.actionOutcomeCount(1, { outcome: entry.outcome });
  const start = performance.now();
  try {
    const receipt = await sink.append(entry);
    if (entry.lost !== undefined) measures.recordLostCount(entry.lost);
    return receipt;
  } catch (error) {
    measures.recordErrorCount(1, { kind });
    throw error;
  } finally {
    measures.recordWriteLatencyMs(performance.now() - start, { kind });
  }
}

/** A ledger whose charges are timed. */
export function measuredLedger(ledger: LimitLedger): LimitLedger {
  return {
    reserve: (charges, options) => {
      const measures = lastInstruments();
      const reserve = () => ledger.reserve(charges, options);
      return measures === undefined ? reserve() : measuredReserve(reserve, measures);
    },
    commit: (id) => ledger.commit(id),
    release: (id, which) => ledger.release(id, which),
  };
}

async function measuredReserve(
  reserve: () => Promise<Reservation | LimitRefusal>,
  measures: Instruments,
): Promise<Reservation | LimitRefusal> {
  const start = performance.now();
  let answer = 'failed';
  try {
    const reserved = await reserve();
    answer = reserved.ok ? 'granted' : 'refused';
    return reserved;
  } finally {
    measures.limitChargeLatencyMs(performance.now() - start, { answer });
  }
}
