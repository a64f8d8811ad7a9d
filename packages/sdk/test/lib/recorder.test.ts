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
