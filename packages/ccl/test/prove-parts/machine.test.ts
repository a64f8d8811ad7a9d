import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern, matchPattern, matchSegment } from '../../src/lib/pattern.js';
import {
  accepts,
  BeforeMachine,
  DEAD,
  LengthMachine,
  type Machine,
  PiecesMachine,
  TableMachine,
  TextsMachine,
} from '../../src/prove/machine.js';
import { textsOf } from './support/texts.js';

const ALPHABET = 'abz';
const TEXTS = textsOf(ALPHABET, 6);
const MORE = textsOf(ALPHABET, 3);
const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 });
const pieces = fc.array(text, { minLength: 1, maxLength: 4 });

/** Texts that hold the pieces in order, by the engine of the platform. */
const spelt = (parts: readonly string[]) => new RegExp(`^${parts.join('.*')}$`, 's');

const after = (machine: Machine, start: number, rest: string) => {
  let state = start;
  for (let at = 0; at < rest.length; at++) state = machine.step(state, rest.charCodeAt(at));
  return state;
};

/** Holds a machine against the plain test that it stands for, and what it says of the future against the future. */
function check(machine: Machine, plain: (text: string) => boolean): void {
  for (const each of TEXTS)
    if (accepts(machine, each) !== plain(each)) throw new Error(`it is wrong about ${each}`);
  const seen = new Set<number>();
  for (const begun of textsOf(ALPHABET, 4)) {
    const state = after(machine, 0, begun);
    if (seen.has(state)) continue;
    seen.add(state);
    const settled = machine.settled(state);
    const only = machine.next?.(state);
    for (const rest of MORE) {
      const isIn = plain(begun + rest);
      if (settled !== undefined && isIn !== settled) throw new Error(`it settles at ${begun}`);
      if (only !== undefined && isIn && rest.charCodeAt(0) !== only)
        throw new Error(`it goes on from ${begun} with ${rest}`);
    }
  }
  expect(machine.step(DEAD, 97)).toBe(DEAD);
  expect(machine.accepts(DEAD)).toBe(false);
  expect(machine.settled(DEAD)).toBe(false);
}

/** Every character that the machine may tell from all others is named. */
function checkUnits(machine: Machine, others: string): void {
  const named = new Set(machine.units);
  for (const begun of MORE) {
    const state = after(machine, 0, begun);
    const steps = new Set<number>();
    for (const other of others)
      if (!named.has(other.charCodeAt(0))) steps.add(machine.step(state, other.charCodeAt(0)));
    expect(steps.size).toBeLessThan(2);
  }
}

describe('PiecesMachine', () => {
  it('accepts what the platform finds', () =>
    fc.assert(
      fc.property(pieces, (parts) => {
        const machine = new PiecesMachine(parts);
        const regex = spelt(parts);
        check(machine, (each) => regex.test(each));
        checkUnits(machine, 'abcz-é');
        expect(machine.ordered).toBe(false);
      }),
      { numRuns: 150 },
    ));

  it('accepts what the evaluator matches', () =>
    fc.assert(
      fc.property(
        fc.array(
          text.filter((part) => part !== ''),
          { minLength: 1, maxLength: 3 },
        ),
        fc.nat(3),
        (parts, edges) => {
          const glob = [...(edges & 1 ? [''] : []), ...parts, ...(edges & 2 ? [''] : [])];
          const pattern = compilePattern([glob.join('*')]);
          const machine = new PiecesMachine(glob);
          for (const each of TEXTS) {
            expect(accepts(machine, each)).toBe(matchSegment(pattern.segments[0]!, each));
            if (each !== '') expect(accepts(machine, each)).toBe(matchPattern(pattern, [each]));
          }
        },
      ),
      { numRuns: 60 },
    ));

  it.each(['', 'a', 'ab', 'aa', 'aba', 'aab', 'abab'])(
    'is what the comparisons of texts with %j are',
    (part) => {
      check(new PiecesMachine([part]), (each) => each === part);
      check(new PiecesMachine([part, '']), (each) => each.startsWith(part));
      check(new PiecesMachine(['', part]), (each) => each.endsWith(part));
      check(new PiecesMachine(['', part, '']), (each) => each.includes(part));
    },
  );

  it('settles and forces as early as it can', () => {
    const prefix = new PiecesMachine(['ab', '']);
    expect([0, 1, 2].map((state) => prefix.next(state))).toEqual([97, 98, undefined]);
    expect([0, 1, 2].map((state) => prefix.settled(state))).toEqual([undefined, undefined, true]);
    expect(prefix.next(DEAD)).toBeUndefined();
    const inner = new PiecesMachine(['', 'ab', '']);
    expect(inner.next(0)).toBeUndefined();
    expect(inner.settled(after(inner, 0, 'zab'))).toBe(true);
    expect(inner.settled(after(inner, 0, 'za'))).toBeUndefined();
    const whole = new PiecesMachine(['ab']);
    expect(whole.settled(2)).toBeUndefined();
    expect(whole.step(2, 97)).toBe(DEAD);
    expect(new PiecesMachine(['']).next(0)).toBeUndefined();
  });

  it('has no more states than it has characters and pieces', () =>
    fc.assert(
      fc.property(pieces, (parts) => {
        const machine = new PiecesMachine(parts);
        const states = new Set(TEXTS.map((each) => after(machine, 0, each)));
        expect(Math.max(...states)).toBeLessThan(parts.join('').length + parts.length);
      }),
      { numRuns: 30 },
    ));
});

describe('TextsMachine', () => {
  it('accepts its texts', () =>
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), (texts) => {
        const machine = new TextsMachine(texts);
        const listed = new Set(texts);
        check(machine, (each) => listed.has(each));
        checkUnits(machine, 'abcz-é');
        expect(machine.ordered).toBe(false);
        expect(machine.settled(0)).toBeUndefined();
      }),
      { numRuns: 100 },
    ));
});

describe('BeforeMachine', () => {
  const bound = fc.string({ unit: fc.constantFrom('a', 'b', 'z'), maxLength: 4 });

  it('accepts what is before its bound', () =>
    fc.assert(
      fc.property(bound, (limit) => {
        const [before, upTo] = [new BeforeMachine(limit, false), new BeforeMachine(limit, true)];
        check(before, (each) => each < limit);
        check(upTo, (each) => each <= limit);
        expect([before.ordered, upTo.ordered]).toEqual([true, true]);
        expect(before.settled(limit.length)).toBe(false);
        expect(upTo.settled(limit.length)).toBeUndefined();
        expect([...before.units].toSorted()).toEqual(
          [...new Set(limit)].map((each) => each.charCodeAt(0)).toSorted(),
        );
      }),
      { numRuns: 60 },
    ));

  it('is certain of what is before it, and orders by UTF-16 units', () => {
    const machine = new BeforeMachine('\ud83d\ude00', true);
    expect(machine.settled(machine.step(0, 97))).toBe(true);
    expect(machine.settled(machine.step(0, 0xd83d))).toBeUndefined();
    expect(machine.step(0, 0xe000)).toBe(DEAD);
    expect(accepts(machine, '\ud83d')).toBe(true);
    expect(accepts(machine, '\ud83d\ude00')).toBe(true);
    expect(accepts(machine, '\ud83d\ude00a')).toBe(false);
    expect(accepts(machine, '\uffff')).toBe(false);
  });
});

describe('LengthMachine', () => {
  it.each([0, 1, 2, 5])('accepts at most %i units', (most) => {
    const machine = new LengthMachine(most);
    check(machine, (each) => each.length <= most);
    expect([...machine.units]).toEqual([]);
    expect(machine.ordered).toBe(false);
    expect(machine.settled(most)).toBeUndefined();
  });
});

describe('TableMachine', () => {
  const one = (unit: number) => (unit === 97 ? 1 : 0);

  it('follows its steps', () => {
    const machine = new TableMachine('a', [one, (unit) => 1 - one(unit)], 0);
    check(machine, (each) => each.replaceAll(/[^a]/g, '').length % 2 === 0);
    checkUnits(machine, 'abcz');
    expect([machine.settled(0), machine.ordered]).toEqual([undefined, false]);
  });

  it('says from which state all is accepted', () => {
    const machine = new TableMachine('a', [one, () => 1], 1, 1);
    check(machine, (each) => each.includes('a'));
    expect([machine.settled(0), machine.settled(1)]).toEqual([undefined, true]);
  });
});
