import { CliError } from '../errors.js';
import { type Judgement, judge } from '../judge.js';
import type { RuleSet } from '../rules.js';
import { type Call, readCall } from './call.js';
import { Histogram } from './histogram.js';
import { Ledgers } from './ledgers.js';
import type { RawLine } from './lines.js';
import type { Asked, Mapping } from './mapping.js';
import { describeCall, type JudgedCall, type MalformedLine, Tally } from './tally.js';

export interface ReplayOptions {
  readonly sets: readonly RuleSet[];
  readonly mapping: Mapping;
  /** Whether the first malformed line ends the run. */
  readonly strict: boolean;
  /** How many denied calls are kept for the report. */
  readonly maxDenied: number;
  /** Told of each denied call that was kept. */
  readonly onDenied: (call: JudgedCall) => void;
  /** Told of every call; to describe them all takes time, so only where somebody listens. */
  readonly onCall?: ((call: JudgedCall) => void) | undefined;
  /** Told of each malformed line that was kept. */
  readonly onMalformed: (line: MalformedLine) => void;
}

/** Judges one line after the other, and counts. */
export class Replay {
  readonly tally: Tally;
  readonly time = new Histogram();
  readonly #options: ReplayOptions;
  readonly #ledgers = new Ledgers();

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.tally = new Tally(options.maxDenied);
  }

  /**
   * Judges a line. A promise comes back only where limits are charged: waiting on every line would cost more than judging it.
   * @throws CliError `malformed_line` if the run is strict
   */
  line(raw: RawLine): Promise<void> | undefined {
    const call = readCall(raw);
    if (call === undefined) return undefined;
    if (typeof call === 'string') return this.#malformed({ line: raw.number, problem: call });
    this.#ledgers.see(call);
    const start = performance.now();
    const asked = this.#options.mapping(call);
    if (typeof asked === 'string') return this.#count(call, undefined, malformed(asked), start);
    const judgement = this.#judge(call, asked);
    if (!(judgement instanceof Promise)) return this.#count(call, asked, judgement, start);
    return judgement.then((settled) => this.#count(call, asked, settled, start));
  }

  #judge(call: Call, { action, resource }: Asked): Judgement | Promise<Judgement> {
    const context = { args: call.arguments, tool: { name: call.tool } };
    return judge(this.#options.sets, { action, resource, context }, () => this.#ledgers.for(call));
  }

  #count(call: Call, asked: Asked | undefined, judgement: Judgement, start: number): undefined {
    const { onCall, onDenied } = this.#options;
    this.time.add(performance.now() - start);
    this.tally.judged(call, judgement);
    if (judgement.outcome !== 'denied' && onCall === undefined) return;
    const described = describeCall(call, asked, judgement);
    onCall?.(described);
    if (judgement.outcome === 'denied' && this.tally.keep(described)) onDenied(described);
  }

  #malformed(line: MalformedLine): undefined {
    if (this.#options.strict)
      throw new CliError(
        'malformed_line',
        `line ${line.line} of the trace: ${line.problem}`,
        'mend it, or leave out --strict to go on past such lines',
      );
    if (this.tally.unreadable(line)) this.#options.onMalformed(line);
  }
}

/** A call of which the map can make no request. */
function malformed(reason: string): Judgement {
  return { outcome: 'denied', code: 'malformed_request', reason, deciders: [], obligations: [], limits: [] };
}
