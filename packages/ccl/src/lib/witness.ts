import type { Condition, Scalar } from '../ast.js';
import type { Request } from '../evaluate.js';
import type { Program, Target } from '../policy.js';
import type { Budget } from './budget.js';
import { compileCondition } from './condition.js';
import { normalize } from './implication.js';
import { intersection } from './inclusion.js';
import { matchPattern, type Pattern } from './pattern.js';
import { type Constants, collectConstants, contextOf, testPoints } from './points.js';

/** The most cases of a condition, and the most contexts of one case, that are tried. */
const MAX_CASES = 32;
const MAX_CONTEXTS = 512;

type Choice = readonly [path: readonly string[], values: readonly unknown[]];

/**
 * Requests that a permit may cover and that the statements of both documents tell apart: names where its patterns
 * meet theirs, contexts from their constants. Deterministic; a guess, so each must be evaluated.
 */
export function* candidates(
  permit: Target,
  child: Program,
  parent: Program,
  budget: Budget,
): Generator<Request> {
  const childTargets = [
    ...child.permits.all,
    ...child.denies.all,
    ...child.limits.all,
    ...child.requires.all,
  ];
  const parentTargets = [
    ...parent.permits.all,
    ...parent.denies.all,
    ...parent.limits.all,
    ...parent.requires.all,
  ];
  const all = [...parentTargets, ...childTargets];
  for (const [action, resource] of names(permit, all, budget)) {
    const touched = all.filter(
      (target) => matchPattern(target.action, action) && matchPattern(target.resource, resource),
    );
    budget.spend(all.length);
    const denies = child.denies.all.filter((deny) => touched.includes(deny));
    for (const context of contexts(permit, denies, touched, budget)) {
      yield { action: action.join('.'), resource: `/${resource.join('/')}`, context };
    }
  }
}

type Name = readonly [action: readonly string[], resource: readonly string[]];

function* names(permit: Target, targets: readonly Target[], budget: Budget): Generator<Name> {
  const filler = freshWord(targets);
  const seen = new Set<string>();
  function* once(
    action: readonly string[] | undefined,
    resource: readonly string[] | undefined,
  ): Generator<Name> {
    if (action === undefined || resource === undefined) return;
    const name: Name = [action.length === 0 ? [filler] : action, resource];
    const key = JSON.stringify(name);
    if (!seen.has(key)) yield name;
    seen.add(key);
  }
  for (const repeat of [1, 0, 2]) {
    for (const fill of [filler, '']) {
      yield* once(
        instance(permit.action, repeat, fill, filler),
        instance(permit.resource, repeat, fill, filler),
      );
    }
  }
  for (const target of targets) {
    const action = intersection(permit.action, target.action, filler, budget);
    const resource = action && intersection(permit.resource, target.resource, filler, budget);
    yield* once(action, resource);
  }
}

/** A text of the pattern: each `**` is `repeat` segments, each `*` in a segment is `fill`. */
function instance({ segments }: Pattern, repeat: number, fill: string, filler: string): string[] {
  return segments.flatMap((segment) => {
    if (segment.kind === 'many') return Array<string>(repeat).fill(filler);
    if (segment.kind === 'one') return [filler];
    return [segment.kind === 'glob' ? segment.pieces.join(fill) : segment.text];
  });
}

/** A word that occurs in no pattern, so that it meets wildcards alone. */
function freshWord(targets: readonly Target[]): string {
  const text = targets.map(({ text }) => text).join('\n');
  let word = 'x';
  for (let n = 0; text.includes(word); n++) word = `x${n}`;
  return word;
}

function* contexts(
  permit: Target,
  denies: readonly Target[],
  touched: readonly Target[],
  budget: Budget,
): Generator<Record<string, unknown>> {
  const constants = constantsOf(touched);
  const wanted = conditionsOf([permit]).map((condition) => normalize(condition));
  const unwanted = conditionsOf(denies).map((condition) => normalize(condition, true));
  for (const facts of cases([...wanted, ...unwanted])) {
    const choices = [...constants.values()].map(({ path, values }): Choice => {
      const points = pointsFor(values);
      const tests = facts.filter((fact) => isAbout(fact, path)).map(compileCondition);
      budget.spend(points.length * (1 + tests.length));
      const fitting = points.filter((point) => {
        const context = contextOf([[path, point]]);
        return tests.every((test) => test(context) === true);
      });
      return [path, fitting.length > 0 ? fitting : points];
    });
    yield* combinations(choices);
  }
}

function conditionsOf(targets: readonly Target[]): Condition[] {
  return targets.flatMap(({ condition }) => (condition === undefined ? [] : [condition]));
}

function constantsOf(targets: readonly Target[]): Constants {
  const constants: Constants = new Map();
  for (const condition of conditionsOf(targets)) collectConstants(condition, constants);
  for (const target of targets) {
    if (!('field' in target) || target.field === undefined) continue;
    const path = target.field as readonly string[];
    if (!constants.has(path.join('.'))) constants.set(path.join('.'), { path, values: new Set<Scalar>([1]) });
  }
  return constants;
}

/** Arrays too, for quantifiers and `contains`. */
function pointsFor(values: ReadonlySet<Scalar>): unknown[] {
  const few = [...values].slice(0, 8);
  return [...testPoints(values), ...few.map((value) => [value]), few];
}

function isAbout(fact: Condition, path: readonly string[]): boolean {
  const constants: Constants = new Map();
  collectConstants(fact, constants);
  return constants.size === 1 && constants.has(path.join('.'));
}

/** The first ways to make all conditions true, each a list of leaves. */
function cases(conditions: readonly Condition[]): Condition[][] {
  let found: Condition[][] = [[]];
  for (const condition of conditions) {
    const ways = waysOf(condition);
    found = found.flatMap((facts) => ways.map((way) => [...facts, ...way])).slice(0, MAX_CASES);
  }
  return found;
}

function waysOf(condition: Condition): Condition[][] {
  if (condition.kind === 'and') return cases(condition.terms);
  if (condition.kind === 'or') return condition.terms.slice(0, MAX_CASES).flatMap(waysOf).slice(0, MAX_CASES);
  return [[condition]];
}

/** The first value of every field, then one field varied, then two: at most MAX_CONTEXTS contexts. */
function* combinations(choices: readonly Choice[]): Generator<Record<string, unknown>> {
  let left = MAX_CONTEXTS;
  const base = choices.map(([path, values]) => [path, values[0]] as const);
  for (const changes of variations(choices)) {
    if (left-- === 0) return;
    const context = contextOf(base.map((pair, i) => (changes.has(i) ? [pair[0], changes.get(i)] : pair)));
    if (context !== undefined) yield context;
  }
}

function* variations(choices: readonly Choice[]): Generator<Map<number, unknown>> {
  yield new Map();
  for (let i = 0; i < choices.length; i++) {
    for (const value of choices[i]![1].slice(1)) yield new Map([[i, value]]);
  }
  for (let i = 0; i < choices.length; i++) {
    for (let j = i + 1; j < choices.length; j++) {
      for (const one of choices[i]![1].slice(1)) {
        for (const two of choices[j]![1].slice(1)) yield new Map([[i, one] as const, [j, two] as const]);
      }
    }
  }
}
