import type { DecisionCode } from '@stele/sdk';
import type { Judgement } from '../judge.js';
import { cut } from '../output.js';
import type { Call } from './call.js';
import type { Asked } from './mapping.js';

const MAX_TOOLS = 10_000;
const MAX_NAME = 256;
const MAX_MALFORMED = 1_000;

export interface Counts {
  calls: number;
  permitted: number;
  denied: number;
  needs_approval: number;
}

/** One call with the decision on it, and for a denied one what denied it. */
export interface JudgedCall {
  readonly line: number;
  readonly trace?: string;
  readonly tool: string;
  readonly action?: string;
  readonly resource?: string;
  readonly outcome: Judgement['outcome'];
  readonly code: DecisionCode;
  /** The statement that denied it, the first of several; null where no permit matches or the call is malformed. */
  readonly rule: { readonly line: number; readonly text: string; readonly covenant?: string } | null;
  readonly reason: string;
}

export interface MalformedLine {
  readonly line: number;
  readonly problem: string;
}

const none = (): Counts => ({ calls: 0, permitted: 0, denied: 0, needs_approval: 0 });

/** Everything that is counted in a run, in bounded memory. */
export class Tally {
  readonly total = none();
  /** Tools beyond the first 10,000 names, and those with names too long to keep. */
  readonly other = none();
  readonly tools = new Map<string, Counts>();
  readonly codes = new Map<DecisionCode, number>();
  readonly denied: JudgedCall[] = [];
  readonly malformed: MalformedLine[] = [];
  malformedCount = 0;
  readonly #maxDenied: number;

  constructor(maxDenied: number) {
    this.#maxDenied = maxDenied;
  }

  judged({ tool }: Call, { outcome, code }: Pick<Judgement, 'outcome' | 'code'>): void {
    for (const counts of [this.total, this.#ofTool(tool)]) {
      counts.calls += 1;
      counts[outcome] += 1;
    }
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
  }

  /** Keeps a denied call to be shown, as long as there is room. */
  keep(call: JudgedCall): boolean {
    if (this.denied.length >= this.#maxDenied) return false;
    this.denied.push(call);
    return true;
  }

  unreadable(line: MalformedLine): boolean {
    this.malformedCount += 1;
    if (this.malformed.length >= MAX_MALFORMED) return false;
    this.malformed.push(line);
    return true;
  }

  #ofTool(tool: string): Counts {
    const known = this.tools.get(tool);
    if (known !== undefined) return known;
    if (this.tools.size >= MAX_TOOLS || tool.length > MAX_NAME) return this.other;
    const counts = none();
    this.tools.set(tool, counts);
    return counts;
  }
}

/** What is shown of a call: request values cut, so that what is kept is bounded. */
export function describeCall(
  call: Call,
  asked: Asked | undefined,
  { outcome, code, reason, deciders }: Judgement,
): JudgedCall {
  const [first] = deciders;
  const isRule = first !== undefined && first.kind !== 'permit';
  const { line, text, covenant } = first ?? { line: 0, text: '' };
  return {
    line: call.line,
    ...(call.trace === "'" ? {} : { trace: cut(call.trace.slice(1)) }),
    tool: cut(call.tool),
    ...(asked === undefined ? {} : { action: cut(asked.action), resource: cut(asked.resource) }),
    outcome,
    code,
    rule: isRule ? { line, text: cut(text, 500), ...(covenant === undefined ? {} : { covenant }) } : null,
    reason: cut(reason, 500),
  };
}
