/** A decision as the entry that is recorded of it. */
import type { Asking } from '../called-tool.js';
import type { Decision } from '../decision.js';
import type { DecisionRecord, Outcome, OutcomeRecord } from '../sink.js';
import type { Governing } from './governing.js';
import type { Snapshot } from './request.js';
import { activeTraceId } from './telemetry-decision.js';
import type { Verdict } from './verdict.js';

const MAX_ACTION = 512;
const MAX_RESOURCE = 4_096;

/** What a decision was about. */
export interface Deciding {
  /** Undefined for a request that could not be read. */
  readonly request: Snapshot | undefined;
  /** Undefined as long as no covenant holds. */
  readonly governing: Governing | undefined;
  readonly agent: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The tool that it came from, as the host tells it. */
  readonly tool?: Asking['tool'];
}

/** @param settles false where nobody will tell what became of a permitted action */
export function decisionRecord(verdict: Verdict, about: Deciding, settles = true): DecisionRecord {
  const { request, governing, agent, now } = about;
  const record: Writable<DecisionRecord> = {
    v: 1,
    kind: 'decision',
    time: timeOf(now),
    mode: 'enforce',
    covenant: verdict.covenant ?? governing?.ids.at(-1) ?? '',
    chain: governing?.ids ?? NONE,
    policy: governing?.policy ?? '',
    agent,
    // A request that could not be read has nothing that could be recorded of it; one that is malformed may be of any length.
    action: beginning(request?.action ?? '', MAX_ACTION),
    resource: beginning(request?.resource ?? '', MAX_RESOURCE),
    context: request?.context ?? {},
    decision: effectOf(verdict),
    code: verdict.code,
    statements: decidingLines(verdict),
    obligations: verdict.obligations.length === 0 ? NONE : verdict.obligations.map(({ name }) => name),
  };
  const trace = activeTraceId();
  if (verdict.pattern !== undefined) record.pattern = verdict.pattern;
  if (trace !== undefined) record.trace = trace;
  if (!settles) record.settles = false;
  return record;
}

const NONE: readonly string[] = Object.freeze([]);

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export function outcomeRecord(of: number, outcome: Outcome, now: number): OutcomeRecord {
  return { v: 1, kind: 'outcome', time: timeOf(now), of, outcome };
}

const effectOf = ({ permitted, pending }: Verdict): DecisionRecord['decision'] =>
  permitted ? 'permit' : pending === undefined ? 'deny' : 'pending';

/** At most so many characters, and never half of one at the end: a lone surrogate cannot be recorded. */
const beginning = (text: string, most: number): string =>
  text.length <= most ? text : text.slice(0, most).replace(/[\ud800-\udbff]$/, '');

function decidingLines({
  matched,
  covenant,
  line,
}: Pick<Decision, 'matched' | 'covenant' | 'line'>): number[] {
  const lines = matched
    .filter((statement) => statement.covenant === covenant)
    .map((statement) => statement.line);
  return line !== undefined && !lines.includes(line) ? [line] : lines;
}

let last = { ms: 0, text: new Date(0).toISOString() };

/** In RFC 3339, written once for all that is decided in one millisecond. */
export function timeOf(now: number): string {
  const ms = Number.isFinite(now) ? now : 0;
  if (ms !== last.ms) last = { ms, text: new Date(ms).toISOString() };
  return last.text;
}
