import type { Request } from '../evaluate.js';
import type { Budget } from '../lib/budget.js';
import type { Pattern } from '../lib/pattern.js';
import type { Target } from '../policy.js';
import { type Choice, ContextSolver, type Facts, isRequired, NO_FACTS, type Requirement } from './context.js';
import { ANY, Formulas } from './formula.js';
import { type NoWord, type Word, WordFinder } from './words.js';

/** Finds the statements whose patterns match. */
export interface Among {
  covering(action: readonly string[], resource: readonly string[]): readonly Target[];
}

/** Statements none of which may match a request, unless the request meets what saves it from that statement. */
export interface Exclusion {
  readonly among: Among;
  /** What saves a request that the statement's patterns match; undefined if nothing does. */
  readonly excuse: (target: Target) => Requirement | undefined;
}

/** Describes requests. */
export interface Query {
  /** Statements whose patterns must all match. */
  readonly targets: readonly Target[];
  readonly requirements: readonly Requirement[];
  readonly exclusions: readonly Exclusion[];
}

/** A request, or why it is not known whether there is one. There being none is `undefined`. */
export type Finding<Result> = { readonly found: Result } | { readonly because: string } | undefined;

/** Words that match some patterns and do not match others, and one of them. */
interface Region {
  readonly inside: readonly Pattern[];
  readonly outside: readonly Pattern[];
  readonly word: Word;
}

interface State {
  readonly action: Region;
  readonly resource: Region;
  readonly facts: Facts;
}

/** A way on from a state; undefined if it leads nowhere. */
type Step = () => State | undefined;

export const UNSURE = {
  resource: 'it depends on a resource that could not be written',
  context: 'it depends on `matches`, `@` or a quantifier over `@`',
} as const;

/**
 * Finds requests by correcting one: take a request that meets what is required so far, look for a statement that it
 * should not meet, and go on with each way out of it. When all ways are closed there is no request.
 * Nothing is ever listed in advance, neither regions nor truth assignments.
 */
export class Search {
  readonly formulas: Formulas;
  readonly actions: WordFinder;
  readonly resources: WordFinder;
  readonly #contexts: ContextSolver;
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
    this.formulas = new Formulas(budget);
    this.actions = new WordFinder('action', budget);
    this.resources = new WordFinder('resource', budget);
    this.#contexts = new ContextSolver(budget);
  }

  /**
   * A request as described.
   * @param accept what the request shows when it is really evaluated; undefined if it shows nothing after all
   */
  find<Result>(query: Query, accept: (request: Request) => Result | undefined): Finding<Result> {
    let because: string | undefined;
    const doubt = (reason: string): undefined => {
      because ??= reason;
    };
    const stack: Step[] = [() => this.#start(query, doubt)];
    for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
      const state = step();
      if (state === undefined) continue;
      const ways = this.#correct(state, query.exclusions, doubt);
      if (ways === undefined) {
        const found = this.#accept(state, accept);
        if (found !== undefined) return { found };
        const more = this.#commit(state, query.exclusions, doubt);
        if (more === undefined) doubt(UNSURE.context);
        else putFirst(more, stack);
      } else putFirst(ways, stack);
    }
    return because === undefined ? undefined : { because };
  }

  #accept<Result>(state: State, accept: (request: Request) => Result | undefined): Result | undefined {
    const { action, resource, facts } = state;
    for (const context of this.#contexts.contexts(facts)) {
      const found = accept({ action: action.word.text, resource: resource.word.text, context });
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #start({ targets, requirements }: Query, doubt: (reason: string) => undefined): State | undefined {
    const region = (words: WordFinder, patterns: readonly Pattern[]): Region | undefined => {
      const inside = patterns.reduce<readonly Pattern[]>((all, next) => narrowed(words, all, next), []);
      const word = words.find(inside, []);
      return isWord(word, doubt) ? { inside, outside: [], word } : undefined;
    };
    const action = region(
      this.actions,
      targets.map((target) => target.action),
    );
    const resource =
      action &&
      region(
        this.resources,
        targets.map((target) => target.resource),
      );
    if (resource === undefined) return undefined;
    let facts: Facts | undefined = NO_FACTS;
    for (const requirement of requirements) {
      facts = this.#contexts.require(facts, requirement);
      if (facts === undefined) return undefined;
    }
    return { action: action!, resource, facts };
  }

  /** The ways to correct what is wrong with a state; undefined if nothing is. */
  #correct(
    state: State,
    exclusions: readonly Exclusion[],
    doubt: (reason: string) => undefined,
  ): Step[] | undefined {
    const choice = this.#contexts.broken(state.facts);
    if (choice !== undefined) return this.#choose(state, choice);
    let best: Step[] | undefined;
    for (const { among, excuse: excuseOf } of exclusions) {
      const { action, resource, facts } = state;
      const matching = among.covering(action.word.segments, resource.word.segments);
      this.#budget.spend(1 + matching.length);
      for (const target of matching) {
        const excuse = excuseOf(target);
        if (excuse !== undefined && (this.#contexts.truthOf(facts, excuse.formula) & excuse.truths) !== 0)
          continue;
        const ways = this.#excuse(state, target, excuse, doubt);
        if (ways.length === 0) return ways;
        if (best === undefined || ways.length < best.length) best = ways;
      }
    }
    return best;
  }

  /**
   * What a mere claim lets come out well may do so by chance. So all that comes out well is required, one after
   * another, until the claims are contradicted or nothing is left.
   */
  #commit(
    state: State,
    exclusions: readonly Exclusion[],
    doubt: (reason: string) => undefined,
  ): Step[] | undefined {
    const { action, resource, facts } = state;
    const choice = this.#contexts.open(facts);
    if (choice !== undefined) return this.#choose(state, choice);
    for (const { among, excuse: excuseOf } of exclusions) {
      for (const target of among.covering(action.word.segments, resource.word.segments)) {
        const excuse = excuseOf(target)!;
        if (!isRequired(facts, excuse)) return this.#excuse(state, target, excuse, doubt);
      }
    }
    return undefined;
  }

  /** One term after another is made to come out as wanted, those before it not. */
  #choose(state: State, { terms, truths }: Choice): Step[] {
    return terms.map((term, at) => () => {
      let facts: Facts | undefined = this.#contexts.require(state.facts, { formula: term, truths });
      for (let i = 0; i < at && facts !== undefined; i++) {
        facts = this.#contexts.require(facts, { formula: terms[i]!, truths: ANY & ~truths });
      }
      return facts && { ...state, facts };
    });
  }

  /** Away from the action, or there and away from the resource, or there and with another context. */
  #excuse(
    state: State,
    target: Target,
    excuse: Requirement | undefined,
    doubt: (reason: string) => undefined,
  ): Step[] {
    const ways: Step[] = [];
    const there = { ...state.action, inside: narrowed(this.actions, state.action.inside, target.action) };
    if (canLeave(this.actions, state.action, target.action)) {
      ways.push(() => {
        const action = leave(this.actions, state.action, target.action, doubt);
        return action && { ...state, action };
      });
    }
    if (canLeave(this.resources, state.resource, target.resource)) {
      ways.push(() => {
        const resource = leave(this.resources, state.resource, target.resource, doubt);
        return resource && { ...state, action: there, resource };
      });
    }
    if (excuse !== undefined) {
      ways.push(() => {
        const facts = this.#contexts.require(state.facts, excuse);
        const inside = narrowed(this.resources, state.resource.inside, target.resource);
        return facts && { action: there, resource: { ...state.resource, inside }, facts };
      });
    }
    return ways;
  }
}

/** One by one, since they can be more than a call takes arguments. */
function putFirst(ways: readonly Step[], stack: Step[]): void {
  for (let i = ways.length - 1; i >= 0; i--) stack.push(ways[i]!);
}

/** The patterns and one more, without those that follow from another. */
function narrowed(words: WordFinder, patterns: readonly Pattern[], next: Pattern): readonly Pattern[] {
  if (patterns.some((pattern) => words.covers(next, pattern))) return patterns;
  return [...patterns.filter((pattern) => !words.covers(pattern, next)), next];
}

function canLeave(words: WordFinder, { inside }: Region, pattern: Pattern): boolean {
  return !inside.some((small) => words.covers(pattern, small));
}

function leave(
  words: WordFinder,
  region: Region,
  pattern: Pattern,
  doubt: (reason: string) => undefined,
): Region | undefined {
  const outside = [...region.outside.filter((small) => !words.covers(pattern, small)), pattern];
  const word = words.find(region.inside, outside);
  return isWord(word, doubt) ? { ...region, outside, word } : undefined;
}

function isWord(word: Word | NoWord, doubt: (reason: string) => undefined): word is Word {
  if (word === 'unsure') doubt(UNSURE.resource);
  return typeof word === 'object';
}
