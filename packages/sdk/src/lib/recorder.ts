import type { Receipt } from '../decision.js';
import type { DecisionEntry, DecisionRecord, DecisionSink, OutcomeRecord } from '../sink.js';
import type { Governing } from './governing.js';
import type { Snapshot } from './request.js';
import type { Verdict } from './verdict.js';

/** Denials whose record is on its way; one more than this is counted as lost instead of queued. */
const MAX_NOTES = 1_000;
const MAX_ACTION = 512;
const MAX_RESOURCE = 4_096;

/** Writes what a monitor decides to its sink, and counts what could not be written. */
export class Recorder {
  readonly #sink: DecisionSink;
  readonly #notes = new Set<Promise<void>>();
  #lost = 0;

  constructor(sink: DecisionSink) {
    this.#sink = sink;
  }

  /** Records a permit. Rejects when it is not durable: then there is no permit. */
  async record(
    verdict: Verdict,
    request: Snapshot,
    governing: Governing,
    agent: string,
    now: number,
  ): Promise<Receipt> {
    return this.#append(decisionRecord(verdict, request, governing, agent, now));
  }

  /** Records a denial in passing. */
  note(
    verdict: Verdict,
    request: Snapshot | undefined,
    governing: Governing | undefined,
    agent: string,
    now: number,
  ) {
    this.#later(decisionRecord(verdict, request, governing, agent, now));
  }

  /** Records what became of a permitted action. It has happened, so a failure to write is counted, not thrown. */
  async outcome(of: number, outcome: OutcomeRecord['outcome'], now: number): Promise<void> {
    await this.#appendOrLose({ v: 1, kind: 'outcome', time: time(now), of, outcome });
  }

  /** Waits for what is on its way, then closes the sink. */
  async close(): Promise<void> {
    await Promise.all(this.#notes);
    await this.#sink.close();
  }

  #later(entry: DecisionEntry): void {
    if (this.#notes.size >= MAX_NOTES) {
      this.#lost++;
      return;
    }
    const note = this.#appendOrLose(entry).finally(() => this.#notes.delete(note));
    this.#notes.add(note);
  }

  async #append(entry: DecisionEntry): Promise<Receipt> {
    const lost = this.#lost;
    this.#lost = 0;
    try {
      const { seq } = await this.#sink.append(lost === 0 ? entry : { ...entry, lost });
      return { seq };
    } catch (error) {
      this.#lost += lost;
      throw error;
    }
  }

  async #appendOrLose(entry: DecisionEntry): Promise<void> {
    try {
      await this.#append(entry);
    } catch {
      this.#lost++;
    }
  }
}

function decisionRecord(
  verdict: Verdict,
  request: Snapshot | undefined,
  governing: Governing | undefined,
  agent: string,
  now: number,
): DecisionRecord {
  return {
    v: 1,
    kind: 'decision',
    time: time(now),
    mode: 'enforce',
    covenant: verdict.covenant ?? governing?.ids.at(-1) ?? '',
    chain: governing?.ids ?? [],
    policy: governing?.policy ?? '',
    agent,
    // A request that could not be read has nothing that could be recorded of it; one that is malformed may be of any length.
    action: beginning(request?.action ?? '', MAX_ACTION),
    resource: beginning(request?.resource ?? '', MAX_RESOURCE),
    context: request?.context ?? {},
    decision: verdict.permitted ? 'permit' : verdict.pending === undefined ? 'deny' : 'pending',
    code: verdict.code,
    statements: decidingLines(verdict),
    obligations: verdict.obligations.map((obligation) => obligation.name),
  };
}

/** At most so many characters, and never half of one at the end: a lone surrogate cannot be recorded. */
const beginning = (text: string, most: number): string => text.slice(0, most).replace(/[\ud800-\udbff]$/, '');

function decidingLines({ matched, covenant, line }: Verdict): number[] {
  const lines = matched
    .filter((statement) => statement.covenant === covenant)
    .map((statement) => statement.line);
  return line !== undefined && !lines.includes(line) ? [line] : lines;
}

const time = (now: number): string => new Date(Number.isFinite(now) ? now : 0).toISOString();
