/** One decision as its span and its measurements. */
import {
  context,
  isValidTraceId,
  type Span,
  type SpanContext,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { DecisionCode } from '@stele/types/codes';
import type { Decision } from '../decision.js';
import type { Soon } from './soon.js';
import { type Instruments, instruments, SCOPE } from './telemetry.js';

/** Codes that tell of something broken on the host, not of what was asked. */
const FAULTS: ReadonlySet<DecisionCode> = new Set([
  'record_failed',
  'limit_unavailable',
  'revocation_unknown',
  'clock_suspect',
]);

/** Watches a decision. What is decided is what `decide` decides, once, whatever becomes of the watching. */
export function observeDecision<T extends { readonly decision: Decision }>(decide: () => Soon<T>): Soon<T> {
  const measures = instruments();
  const span = childSpan();
  return measures === undefined && span === undefined ? decide() : observed(decide, measures, span);
}

/** The ids of the active span, in the form that `createLogger({ trace })` takes; undefined when there is none. */
export function activeTrace(): SpanContext | undefined {
  return trace.getActiveSpan()?.spanContext();
}

/** The W3C trace id of the active span, 32 lower-case hex digits; undefined when there is none that is valid. */
export function activeTraceId(): string | undefined {
  return quietly(() => {
    const id: unknown = activeTrace()?.traceId;
    return typeof id === 'string' && isValidTraceId(id) ? id.toLowerCase() : undefined;
  });
}

async function observed<T extends { readonly decision: Decision }>(
  decide: () => Soon<T>,
  measures: Instruments | undefined,
  span: Span | undefined,
): Promise<T> {
  const start = performance.now();
  try {
    const decided = await within(span, async () => decide());
    if (measures !== undefined) count(decided.decision, performance.now() - start, measures);
    describe(span, decided.decision);
    return decided;
  } finally {
    quietly(() => span?.end());
  }
}

function count(decision: Decision, ms: number, measures: Instruments): void {
  const { code, severity, obligations } = decision;
  const effect = effectOf(decision);
  measures.decisionCount(1, { code, effect });
  measures.decisionLatencyMs(ms, { effect, obligations: obligations.length > 0 ? 'yes' : 'no' });
  if (effect === 'deny') measures.enforcementDenyCount(1, { code, severity });
}

function describe(span: Span | undefined, decision: Decision): void {
  quietly(() => {
    span?.setAttributes({
      'stele.decision.code': decision.code,
      'stele.decision.effect': effectOf(decision),
      'stele.decision.severity': decision.severity,
    });
    if (FAULTS.has(decision.code)) span?.setStatus({ code: SpanStatusCode.ERROR });
  });
}

const effectOf = ({ permitted, pending }: Decision): 'permit' | 'pending' | 'deny' =>
  permitted ? 'permit' : pending === undefined ? 'deny' : 'pending';

/** A span inside the host's; where the host has none it wants none. */
function childSpan(): Span | undefined {
  return quietly(() => {
    if (trace.getActiveSpan() === undefined) return undefined;
    return trace.getTracer(SCOPE).startSpan('stele.decision');
  });
}

/** Runs in the context of the span, so that what stores and handlers do stands inside it. */
function within<T>(span: Span | undefined, decide: () => Promise<T>): Promise<T> {
  let deciding: Promise<T> | undefined;
  if (span !== undefined)
    quietly(() =>
      context.with(trace.setSpan(context.active(), span), () => {
        deciding ??= decide();
      }),
    );
  return deciding ?? decide();
}

function quietly<T>(observe: () => T): T | undefined {
  try {
    return observe();
  } catch {
    return undefined; // the decision stands
  }
}
