/** The loop: change an input, run it, keep it if it reached something new, shrink and report what fails. */
import { type Case, checkCase } from '../../packages/ccl/test/fuzz/oracles.ts';
import { Corpus } from './corpus.ts';
import { Counter } from './counter.ts';
import { Mutator } from './mutate.ts';
import { Random } from './random.ts';
import { shrink } from './shrink.ts';

export interface Options {
  readonly seed: number;
  /** The processor time to spend, in milliseconds. */
  readonly milliseconds: number;
  /** Gives every input a second document, and compares the two. */
  readonly compares: boolean;
  readonly branches: number;
  readonly seeds: readonly Case[];
  readonly onFinding: (input: Case, error: Error) => void;
  readonly onProgress: (progress: Progress) => void;
}

export interface Progress {
  readonly runs: number;
  readonly milliseconds: number;
  readonly inputs: number;
  readonly features: number;
  /** The numbers of the branches that nothing reached. */
  readonly unreached: readonly number[];
  readonly findings: number;
}

const PROGRESS_MS = 60_000;

/** @returns what was reached, and inputs that reach it */
export function fuzz(options: Options): Progress & { readonly cover: readonly Case[] } {
  const counter = new Counter(options.branches);
  const random = new Random(options.seed);
  const mutator = new Mutator(random);
  const corpus = new Corpus();
  const known = new Set<string>();
  let runs = 0;

  /** Runs an input; the error if something does not hold. */
  function failure(input: Case): Error | undefined {
    runs++;
    counter.counts.fill(0);
    try {
      checkCase(input, counter.bounded);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(`threw ${String(error)}`);
    }
  }
  function run(input: Case): void {
    const error = failure(input);
    corpus.add(input, counter.counts);
    if (error === undefined || known.has(kindOf(error))) return;
    known.add(kindOf(error));
    const smallest = shrink(input, (smaller) => {
      const found = failure(smaller);
      return found !== undefined && kindOf(found) === kindOf(error);
    });
    options.onFinding(smallest, failure(smallest)!);
  }
  function progress(): Progress {
    const branches = Array.from({ length: options.branches }, (_, branch) => branch);
    const unreached = branches.filter((branch) => !corpus.isReached(branch));
    const { size, features } = corpus;
    return { runs, milliseconds: spent(), inputs: size, features, unreached, findings: known.size };
  }

  for (const seed of options.seeds) run(seed);
  run(mutator.fresh(options.compares));
  for (let shown = 0; spent() < options.milliseconds; ) {
    for (let i = 0; i < 100; i++) {
      const isFresh = random.once(20);
      run(
        isFresh ? mutator.fresh(options.compares) : mutator.change(corpus.pick(random), corpus.pick(random)),
      );
    }
    if (spent() - shown < PROGRESS_MS) continue;
    shown = spent();
    options.onProgress(progress());
  }
  return { ...progress(), cover: corpus.cover(options.branches) };
}

/** Milliseconds of processor time that this process has taken. */
function spent(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Failures of one kind differ in the values that they show. */
function kindOf({ name, message, stack }: Error): string {
  const first = message.split('\n', 1)[0]!.replace(/`.*`|[0-9]+/g, '…');
  const place = name === 'AssertionError' ? '' : /\n\s+at (\S+)/.exec(stack ?? '')?.[1];
  return `${name} ${first.slice(0, 60)} ${place}`;
}
