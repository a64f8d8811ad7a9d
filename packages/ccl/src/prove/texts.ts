import type { Budget } from '../lib/budget.js';
import { type Machine, unitsOf } from './machine.js';

/** What a text must be: accepted by the machine, or not accepted. */
export interface Demand {
  readonly machine: Machine;
  readonly want: boolean;
}

/** A demand that nothing can break any more. */
const MET = -2;

interface Reached {
  readonly states: readonly number[];
  readonly before: Reached | undefined;
  readonly unit: number;
}

/**
 * The shortest text over an alphabet that meets all demands, if there is one: a walk through the product of the
 * machines, which leaves out what is lost and forgets what is certain.
 */
export function shortestText(
  demands: readonly Demand[],
  alphabet: readonly number[],
  budget: Budget,
): string | undefined {
  for (const text of textsMeeting(demands, alphabet, budget)) return text;
  return undefined;
}

/** One shortest text for each way to meet all demands. */
export function* textsMeeting(
  demands: readonly Demand[],
  alphabet: readonly number[],
  budget: Budget,
): Generator<string> {
  const none = demands.map(() => 0);
  const start = settle(demands, none, budget);
  if (start === undefined) return;
  const seen = new Set([start.join()]);
  const first: Reached = { states: start, before: undefined, unit: 0 };
  if (meetsAll(demands, start)) yield '';
  for (let level = [first]; level.length > 0; ) {
    const next: Reached[] = [];
    for (const before of level) {
      for (const unit of nextUnits(demands, before.states) ?? alphabet) {
        const states = settle(demands, before.states, budget, unit);
        const key = states?.join();
        if (states === undefined || seen.has(key!)) continue;
        seen.add(key!);
        const reached = { states, before, unit };
        next.push(reached);
        if (meetsAll(demands, states)) yield textOf(reached);
      }
    }
    level = next;
  }
}

/** The states after a unit; undefined if a demand can no longer be met. */
function settle(
  demands: readonly Demand[],
  states: readonly number[],
  budget: Budget,
  unit?: number,
): number[] | undefined {
  const after: number[] = [];
  budget.spend(1);
  for (let i = 0; i < demands.length; i++) {
    const { machine, want } = demands[i]!;
    const state = states[i]!;
    const next = state === MET || unit === undefined ? state : machine.step(state, unit);
    const settled = next === MET ? want : machine.settled(next);
    budget.spend(1);
    if (settled === !want) return undefined;
    after.push(settled === want ? MET : next);
  }
  return after;
}

/** The one unit with which a demand can still be met, if one says so. */
function nextUnits(demands: readonly Demand[], states: readonly number[]): number[] | undefined {
  for (let i = 0; i < demands.length; i++) {
    const { machine, want } = demands[i]!;
    const unit = want && states[i] !== MET ? machine.next?.(states[i]!) : undefined;
    if (unit !== undefined) return [unit];
  }
  return undefined;
}

function meetsAll(demands: readonly Demand[], states: readonly number[]): boolean {
  return demands.every(({ machine, want }, i) => states[i] === MET || machine.accepts(states[i]!) === want);
}

function textOf(reached: Reached): string {
  let text = '';
  for (let at = reached; at.before !== undefined; at = at.before) text = String.fromCharCode(at.unit) + text;
  return text;
}

const READABLE = 'xyzabcdefghijklmnopqrstuvw0123456789_-ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** A unit that none of these is, readable if possible, from those that `allows` lets pass. */
export function freshUnit(used: ReadonlySet<number>, allows: (unit: number) => boolean): number | undefined {
  for (let at = 0; at < READABLE.length; at++) {
    const unit = READABLE.charCodeAt(at);
    if (!used.has(unit) && allows(unit)) return unit;
  }
  for (let unit = 0; unit <= 0xffff; unit++) if (!used.has(unit) && allows(unit)) return unit;
  return undefined;
}

/**
 * The units that the machines tell apart; of those that none of them names one of each class and one of no class; and,
 * where order matters, one between each two.
 */
export function alphabetOf(demands: readonly Demand[], allows = isNoSurrogate): number[] {
  const used = new Set<number>();
  for (const { machine } of demands) for (const unit of machine.units) used.add(unit);
  const units = [...used].sort((left, right) => left - right);
  if (!demands.some(({ machine }) => machine.ordered)) {
    const classes = new Set(demands.flatMap(({ machine }) => machine.classes ?? []));
    return [...freshUnits(used, classes, allows), ...units];
  }
  const between: number[] = [];
  let low = -1;
  for (const high of [...units, 0x1_0000]) {
    if (high - low > 1) between.push(unitBetween(low, high));
    low = high;
  }
  return [...between, ...units];
}

function* freshUnits(
  used: ReadonlySet<number>,
  classes: Iterable<string>,
  allows: (unit: number) => boolean,
): Generator<number> {
  const classed = new Set(used);
  for (const characters of classes) {
    const units = unitsOf(characters);
    const fresh = units.find((unit) => !used.has(unit));
    if (fresh !== undefined) yield fresh;
    for (const unit of units) classed.add(unit);
  }
  const other = freshUnit(classed, allows);
  if (other !== undefined) yield other;
}

/** A unit between two others, readable if possible, and half of a surrogate pair only if there is no other. */
function unitBetween(low: number, high: number): number {
  const readable = unitsOf(READABLE).find((unit) => unit > low && unit < high);
  if (readable !== undefined) return readable;
  const next = low + 1;
  return isNoSurrogate(next) || high <= 0xe000 ? next : Math.max(next, 0xe000);
}

export function isNoSurrogate(unit: number): boolean {
  return unit < 0xd800 || unit > 0xdfff;
}
