import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Budget, BudgetSpent } from '../../src/lib/budget.js';
import {
  accepts,
  BeforeMachine,
  LengthMachine,
  type Machine,
  PiecesMachine,
  TableMachine,
  TextsMachine,
} from '../../src/prove/machine.js';
import {
  alphabetOf,
  type Demand,
  freshUnit,
  isNoSurrogate,
  shortestText,
  textsMeeting,
} from '../../src/prove/texts.js';
import { textsOf } from './support/texts.js';

const ALPHABET = [...'abz'].map((each) => each.charCodeAt(0));
const TEXTS = textsOf('abz', 6);
const word = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 3 });
const machine: fc.Arbitrary<Machine> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(word, { minLength: 1, maxLength: 3 }).map((pieces) => new PiecesMachine(pieces)),
  },
  fc.array(word, { maxLength: 3 }).map((texts) => new TextsMachine(texts)),
  fc.tuple(word, fc.boolean()).map(([bound, orEqual]) => new BeforeMachine(bound, orEqual)),
  fc.nat(4).map((most) => new LengthMachine(most)),
);
const demands = fc.array(fc.record({ machine, want: fc.boolean() }), { minLength: 0, maxLength: 4 });
const plenty = () => new Budget(1_000_000);
const meets = (all: readonly Demand[], text: string) =>
  all.every(({ machine, want }) => accepts(machine, text) === want);

describe('texts that meet demands', () => {
  it('are found where there are any, the shortest first', () =>
    fc.assert(
      fc.property(demands, (all) => {
        const brute = TEXTS.find((text) => meets(all, text));
        const found = [...textsMeeting(all, ALPHABET, plenty())];
        for (const text of found) expect(meets(all, text)).toBe(true);
        expect(new Set(found).size).toBe(found.length);
        expect(found).toEqual(found.toSorted((left, right) => left.length - right.length));
        if (brute !== undefined) expect(found[0]?.length).toBe(brute.length);
        else if (found.length > 0) expect(found[0]!.length).toBeGreaterThan(6);
        expect(shortestText(all, ALPHABET, plenty())).toBe(found[0]);
      }),
      { numRuns: 250 },
    ));

  it('are one for each way: what differs in a demand that can still be broken is another way', () => {
    const even: Demand = { machine: new TextsMachine(['a', 'b', 'ab']), want: true };
    expect([...textsMeeting([even], ALPHABET, plenty())]).toEqual(['a', 'b', 'ab']);
    const prefix: Demand = { machine: new PiecesMachine(['a', '']), want: true };
    expect([...textsMeeting([prefix], ALPHABET, plenty())]).toEqual(['a']);
    expect([...textsMeeting([], ALPHABET, plenty())]).toEqual(['']);
  });

  it('are not looked for behind the bound on work', () => {
    const suffixes = ['aab', 'abb', 'bab'].map((text) => ({
      machine: new PiecesMachine(['', text]),
      want: true,
    }));
    expect(() => shortestText(suffixes, ALPHABET, new Budget(10))).toThrow(BudgetSpent);
    expect(() => shortestText([], ALPHABET, new Budget(0))).toThrow(BudgetSpent);
    expect(() => shortestText(suffixes.slice(0, 1), ALPHABET, new Budget(1))).toThrow(BudgetSpent);
  });

  it('are not looked for where a demand is lost', () => {
    const listed: Demand = { machine: new TextsMachine(['bbbb']), want: true };
    // Two steps for each of 3 units behind each of 5 beginnings, and two before.
    expect([...textsMeeting([listed], ALPHABET, new Budget(32))]).toEqual(['bbbb']);
  });

  it('go straight on where a demand leaves one way', () => {
    const literal: Demand = { machine: new PiecesMachine(['b'.repeat(50)]), want: true };
    // A step of each of 50 units and one to begin with, each for the walk and for the demand.
    expect(shortestText([literal], ALPHABET, new Budget(102))).toBe('b'.repeat(50));
  });
});

describe('alphabetOf', () => {
  const unit = fc.constantFrom(
    0,
    1,
    0x2f,
    0x61,
    0x62,
    0x63,
    0xd7ff,
    0xd800,
    0xdc00,
    0xdfff,
    0xe000,
    0xfffe,
    0xffff,
  );
  const bound = fc.array(unit, { maxLength: 4 }).map((units) => String.fromCharCode(...units));

  it('has one of each class of units that the demands tell apart', () =>
    fc.assert(
      fc.property(fc.array(bound, { minLength: 1, maxLength: 2 }), fc.boolean(), (bounds, ordered) => {
        const all = bounds.map((text, index) => ({
          machine: ordered && index === 0 ? new BeforeMachine(text, true) : new PiecesMachine([text]),
          want: true,
        }));
        const alphabet = alphabetOf(all);
        const named = [...new Set(bounds.join('').split(''))]
          .map((each) => each.charCodeAt(0))
          .sort((a, b) => a - b);
        const classOf = (each: number) =>
          named.includes(each)
            ? `is ${each}`
            : ordered
              ? `after ${named.findLast((other) => other < each)}`
              : 'other';
        const classes = new Set(alphabet.map(classOf));
        expect(classes.size).toBe(alphabet.length);
        for (const each of [0, 1, 2, 0x41, 0x61, 0x62, 0x7a, 0xd7ff, 0xd900, 0xdc01, 0xe001, 0xfffe, 0xffff])
          expect(classes).toContain(classOf(each));
        // Halves of pairs only where nothing else is left.
        for (const each of alphabet)
          if (!named.includes(each) && !isNoSurrogate(each)) {
            const own = classOf(each);
            expect(classOf(0xd7ff) === own || classOf(0xe000) === own).toBe(false);
          }
      }),
      { numRuns: 200 },
    ));

  it('has one of each class of characters that a machine tells from all others', () => {
    const classed = (named: string, ...classes: string[]): Demand => ({
      machine: new TableMachine(named, [() => 0], 0, undefined, classes),
      want: true,
    });
    const spelt = (...all: Demand[]) => String.fromCharCode(...alphabetOf(all));
    expect(spelt(classed('', 'xyz', '012'))).toBe('x0a');
    expect(spelt(classed('x', 'xyz', '012'))).toBe('y0ax');
    expect(spelt(classed('12', '12', 'pq'))).toBe('px12');
    expect(spelt(classed('a', 'xy'), classed('x', 'xy', '#'))).toBe('y#zax');
  });

  it('adds no unit where none is allowed', () => {
    const all = [{ machine: new PiecesMachine(['a']), want: true }];
    expect(alphabetOf(all, (each) => each === 0x61)).toEqual([0x61]);
    expect(alphabetOf(all, (each) => each === 0xffff)).toEqual([0xffff, 0x61]);
    expect(alphabetOf([])).toEqual(['x'.charCodeAt(0)]);
  });

  it('is readable where it can be', () => {
    expect(freshUnit(new Set([120, 121]), () => true)).toBe(122);
    expect(freshUnit(new Set(), (each) => each < 2)).toBe(0);
    const readable = 'xyzabcdefghijklmnopqrstuvw0123456789_-ABCDEFGHIJKLMNOPQRSTUVWXYZ';
    expect(freshUnit(new Set([...readable].map((each) => each.charCodeAt(0))), () => true)).toBe(0);
    expect(freshUnit(new Set([0, 1]), (each) => each < 2)).toBeUndefined();
    const ordered = [{ machine: new BeforeMachine('m', true), want: true }];
    expect(alphabetOf(ordered).map((each) => String.fromCharCode(each))).toEqual(['a', 'x', 'm']);
  });

  it.each([
    [0xd7ff, true],
    [0xd800, false],
    [0xdbff, false],
    [0xdc00, false],
    [0xdfff, false],
    [0xe000, true],
  ])('knows halves of pairs: %i', (each, isNone) => expect(isNoSurrogate(each)).toBe(isNone));
});
