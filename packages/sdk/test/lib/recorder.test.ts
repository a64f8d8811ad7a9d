import { describe, expect, it } from 'vitest';
import { Recorder } from '../../src/lib/recorder.js';
import { denied } from '../../src/lib/verdict.js';
import type { DecisionSink } from '../../src/sink.js';

// What was decided does not matter here.
const verdict = denied('no_matching_permit', '');
const about = { request: undefined, governing: undefined, agent: 'a', now: 0 };

/** A sink that never answers. */
function hanging(): DecisionSink & { asked: number } {
  return {
    asked: 0,
    append() {
      this.asked++;
      return new Promise(() => {});
    },
    close: async () => {},
  };
}

describe('a sink that never answers', () => {
  it('is asked for 10,000 permits at a time, and no more are held', async () => {
    const sink = hanging();
    const recorder = Recorder.of(sink);
    const asking = Array.from({ length: 10_000 }, () => recorder.permit(verdict, about, true, 50));
    expect(() => recorder.permit(verdict, about, true, 50)).toThrow('too many');
    const all = await Promise.allSettled(asking);
    expect(all.every(({ status }) => status === 'rejected')).toBe(true);
    expect(sink.asked).toBe(10_000);
  });

  it('is told 10,000 outcomes at a time, and the others are lost', async () => {
    const sink = hanging();
    const recorder = Recorder.of(sink);
    await Promise.all(Array.from({ length: 10_005 }, (_, i) => recorder.outcome(i, 'done', 0, 50)));
    expect(sink.asked).toBe(10_000);
    await recorder.close(1);
  });
});

describe('a sink that answers', () => {
  it('is asked without end: what has ended makes room, by failing too', async () => {
    let asked = 0;
    const sink: DecisionSink = {
      append: () => {
        if (asked++ % 3 === 0) throw new Error('at once');
        return asked % 3 === 0 ? Promise.reject(new Error('later')) : Promise.resolve({ seq: asked });
      },
      close: async () => {},
    };
    const recorder = Recorder.of(sink);
    for (let round = 0; round < 3; round++) {
      const permits = Array.from({ length: 5_000 }, () => recorder.permit(verdict, about, true, 10_000));
      const outcomes = Array.from({ length: 5_000 }, (_, i) => recorder.outcome(i, 'done', 0, 10_000));
      await Promise.allSettled([...permits, ...outcomes]);
    }
    expect(asked).toBe(30_000);
  });

  it('is closed when the last that was on its way is there, and not before', async () => {
    const answers: (() => void)[] = [];
    const told: string[] = [];
    const sink: DecisionSink = {
      append: (entry) =>
        new Promise((resolve) => {
          answers.push(() => {
            told.push(entry.kind);
            resolve({ seq: 0 });
          });
        }),
      close: async () => {
        told.push('closed');
      },
    };
    const recorder = Recorder.of(sink);
    recorder.denial(verdict, about);
    const outcome = recorder.outcome(0, 'done', 0, 10_000);
    const closing = recorder.close(10_000);
    for (const answer of answers) {
      await new Promise((resolve) => setImmediate(resolve));
      answer();
    }
    await Promise.all([outcome, closing]);
    expect(told).toEqual(['decision', 'outcome', 'closed']);
  });
});
