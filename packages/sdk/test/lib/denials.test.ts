import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Denials } from '../../src/lib/denials.js';
import type { DecisionRecord } from '../../src/sink.js';

const denial = (agent: string, resource = '/'): DecisionRecord => ({
  v: 1,
  kind: 'decision',
  time: '2026-11-21T03:00:00.000Z',
  mode: 'enforce',
  covenant: 'c',
  chain: ['c'],
  policy: 'p',
  agent,
  action: 'a',
  resource,
  context: {},
  decision: 'deny',
  code: 'no_matching_permit',
  statements: [],
  obligations: [],
});

describe('denials that are counted', () => {
  it('of ever new agents are bounded: who was watched longest makes room, and is told', () => {
    const told: DecisionRecord[] = [];
    const denials = new Denials((entry) => told.push(entry));
    for (let i = 0; i < 150; i++) denials.take(denial('first'), 0);
    for (let i = 0; i < 1_023; i++) denials.take(denial(`agent-${i}`), 0);
    expect(told).toHaveLength(100 + 1_023);
    denials.take(denial('one more'), 0);
    expect(told.slice(1_123).map(({ agent, count }) => [agent, count])).toEqual([
      ['first', 50],
      ['one more', undefined],
    ]);
    denials.flush();
    expect(told).toHaveLength(1_125);
  });

  it('an entry for one alone is as it came', () => {
    const told: DecisionRecord[] = [];
    const denials = new Denials((entry) => told.push(entry));
    for (let i = 0; i < 101; i++) denials.take(denial('a', `/${i}`), 0);
    denials.flush();
    expect(told.at(-1)).toEqual(denial('a', '/100'));
  });

  it('begin another second when the clock goes back, too', () => {
    const told: DecisionRecord[] = [];
    const denials = new Denials((entry) => told.push(entry));
    for (const now of [5_000, 4_999]) for (let i = 0; i < 110; i++) denials.take(denial('a'), now);
    denials.flush();
    expect(told.flatMap(({ count }) => count ?? [])).toEqual([10, 10]);
  });

  it('are all told in the end, at most 101 entries for each agent and second, whatever the clock does', () => {
    const step = fc.record({
      agent: fc.constantFrom('a', 'b'),
      times: fc.integer({ min: 1, max: 150 }),
      ahead: fc.constantFrom(-5_000, -1, 0, 0, 0, 1, 999, 1_000, 7_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const told: DecisionRecord[] = [];
        const denials = new Denials((entry) => told.push(entry));
        let [now, asked, seconds] = [10_000, 0, 1];
        for (const { agent, times, ahead } of steps) {
          now += ahead;
          // A step back, or a second's end, may begin another second for each.
          if (ahead !== 0) seconds++;
          for (let i = 0; i < times; i++) denials.take(denial(agent), now);
          asked += times;
        }
        denials.flush();
        expect(told.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(asked);
        expect(told.length).toBeLessThanOrEqual(2 * 101 * seconds);
      }),
      { numRuns: 100 },
    );
  });
});
