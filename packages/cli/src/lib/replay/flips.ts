import { count, printable, table } from '../output.js';
import type { RuleSet } from '../rules.js';
import type { RawLine } from './lines.js';
import type { Mapping } from './mapping.js';
import { Replay } from './run.js';
import type { JudgedCall, MalformedLine } from './tally.js';

export interface FlipsOptions {
  readonly before: readonly RuleSet[];
  readonly after: readonly RuleSet[];
  readonly mapping: Mapping;
  readonly strict: boolean;
  /** How many flipped calls are kept for the report. */
  readonly maxFlips: number;
  /** Told of each flipped call that was kept. */
  readonly onFlip: (flip: Flip) => void;
  readonly onMalformed: (line: MalformedLine) => void;
}

/** A call that the two covenants decide differently. */
export interface Flip {
  readonly before: JudgedCall;
  readonly after: JudgedCall;
}

type Outcome = JudgedCall['outcome'];

/**
 * Judges every call under both covenants, each with limits of its own, and keeps those that come out differently: permitted,
 * denied, or left to a person. Another code or rule with the same outcome is no flip.
 */
export class Flips {
  readonly flips: Flip[] = [];
  readonly counts = new Map<string, number>();
  readonly before: Replay;
  readonly after: Replay;
  readonly #options: FlipsOptions;
  /** What the two said of the last line, where it was a call. */
  readonly #said: { before?: JudgedCall; after?: JudgedCall } = {};

  constructor(options: FlipsOptions) {
    this.#options = options;
    const run = (side: 'before' | 'after', onMalformed: FlipsOptions['onMalformed']) =>
      new Replay({
        ...{ sets: options[side], mapping: options.mapping, strict: options.strict, maxDenied: 0 },
        ...{ onDenied: ignore, onMalformed },
        onCall: (call) => {
          this.#said[side] = call;
        },
      });
    // A line that cannot be read is the same for both.
    this.before = run('before', options.onMalformed);
    this.after = run('after', ignore);
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, n) => sum + n, 0);
  }

  /** @throws CliError `malformed_line` if the run is strict */
  async line(raw: RawLine): Promise<void> {
    const said = this.#said;
    delete said.before;
    delete said.after;
    await this.before.line(raw);
    await this.after.line(raw);
    this.#compare({ ...said });
  }

  #compare({ before, after }: Partial<Flip>): void {
    if (before === undefined || after === undefined || before.outcome === after.outcome) return;
    const kind = kindOf(before.outcome, after.outcome);
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    if (this.flips.length >= this.#options.maxFlips) return;
    this.flips.push({ before, after });
    this.#options.onFlip({ before, after });
  }
}

const ignore = () => undefined;

const kindOf = (before: Outcome, after: Outcome) => `${before} -> ${after}`;

/** The result for a machine. */
export function flipsAsJson(run: Flips): object {
  const { before, after, flips, counts, total } = run;
  return {
    calls: before.tally.total.calls,
    malformed: before.tally.malformedCount,
    flipped: total,
    flips: Object.fromEntries(counts),
    before: before.tally.total,
    after: after.tally.total,
    flippedCalls: flips,
    flippedOmitted: total - flips.length,
  };
}

/** One flipped call, as it falls. */
export function flipLine({ before, after }: Flip): string {
  const where =
    before.trace === undefined
      ? `line ${before.line}`
      : `line ${before.line} (${printable(before.trace, 60)})`;
  const request =
    before.action === undefined
      ? ''
      : `  ${printable(before.action, 80)} on ${printable(before.resource ?? '', 80)}`;
  const side = (name: string, { outcome, code, rule, reason }: JudgedCall) =>
    `        ${name} ${outcome}: ${code}; ${rule === null ? printable(reason, 200) : `line ${rule.line}: ${printable(rule.text, 160)}`}`;
  const heading = `${kindOf(before.outcome, after.outcome)}  ${where}  ${printable(before.tool, 60)}${request}`;
  return [heading, side('before', before), side('after ', after)].join('\n');
}

/** The result for a person. */
export function flipsAsText(run: Flips): string {
  const { before, after, counts, flips, total } = run;
  const more = total - flips.length;
  const row = (name: string, { calls, permitted, denied, needs_approval }: typeof before.tally.total) => [
    name,
    ...[calls, permitted, denied, needs_approval].map(count),
  ];
  const sections = [
    more > 0 ? `… and ${count(more)} more flipped` : '',
    table(
      ['covenant', 'calls', 'permitted', 'denied', 'needs approval'],
      [row('before', before.tally.total), row('after', after.tally.total)],
    ),
    total === 0
      ? 'no call comes out differently'
      : table(
          ['flipped', 'calls'],
          [...counts].map(([kind, calls]) => [kind, count(calls)]),
        ),
    before.tally.malformedCount === 0 ? '' : `malformed       ${count(before.tally.malformedCount)}`,
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}
