import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentRecords } from '../src/lib/recent-records.js';

const record = (index: number, bytes = 1) => ({
  leaf: new Uint8Array(bytes).fill(index),
  hash: Uint8Array.of(index),
});

/** Every record by its index, and where the run of the newest begins. */
class Naive {
  readonly all = new Map<number, ReturnType<typeof record>>();
  first = 0;
  end = 0;

  add(at: number, records: ReturnType<typeof record>[]): void {
    if (at !== this.end) this.first = at;
    for (const [i, each] of records.entries()) this.all.set(at + i, each);
    this.end = at + records.length;
  }

  take(at: number, most: number): ReturnType<typeof record>[] {
    if (at < this.first || at >= this.end) return [];
    const taken = [];
    for (let i = at; i < Math.min(this.end, at + most); i++)
      taken.push(this.all.get(i) as ReturnType<typeof record>);
    this.first = at + taken.length;
    return taken;
  }
}

const step = fc.oneof(
  fc.record({ add: fc.integer({ min: 0, max: 5 }), gap: fc.constantFrom(0, 0, 0, 3) }),
  fc.record({ take: fc.integer({ min: -3, max: 9 }), most: fc.integer({ min: 1, max: 6 }) }),
);

describe('the records that were appended last', () => {
  it('are those of the newest run, each once, like a list of all of them', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const [recent, naive] = [new RecentRecords(), new Naive()];
        for (const one of steps) {
          if ('add' in one) {
            const at = naive.end + one.gap;
            const records = Array.from({ length: one.add }, (_, i) => record(at + i));
            recent.add(at, records);
            naive.add(at, records);
          } else {
            const at = naive.first + one.take;
            expect(recent.take(at, one.most)).toEqual(naive.take(at, one.most));
          }
          expect(recent.first).toBe(naive.first);
        }
      }),
    );
  });

  it('take no more than so much memory: the oldest go, and are none that are known', () => {
    const recent = new RecentRecords();
    const [MiB, count] = [1024 * 1024, 100];
    for (let at = 0; at < count; at++) recent.add(at, [record(at, MiB)]);
    expect(recent.first).toBeGreaterThan(count - 17);
    expect(recent.first).toBeLessThan(count);
    expect(recent.take(recent.first - 1, 1)).toEqual([]);
    expect(recent.take(count - 1, 5)).toEqual([record(count - 1, MiB)]);
  });

  it('keep nothing of one that is too large for all of it', () => {
    const recent = new RecentRecords();
    recent.add(0, [record(0, 17 * 1024 * 1024)]);
    expect(recent.first).toBe(1);
    recent.add(1, [record(1)]);
    expect(recent.take(1, 9)).toEqual([record(1)]);
  });
});
