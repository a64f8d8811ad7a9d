import { afterEach, expect, it, vi } from 'vitest';
import { inTime } from '../../src/lib/in-time.js';

afterEach(() => void vi.useRealTimers());

it('does not rely on a timer that was lost with its host', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
  expect(
    await inTime(
      () => 'answer',
      1,
      () => 'late',
    ),
  ).toBe('answer');
  // What was to start the timers of that turn is gone.
  vi.useRealTimers();
  const never = () => new Promise<string>(() => {});
  expect(await inTime(never, 1, () => 'late')).toBe('late');
});

it('gives up on each of many that are asked in one turn, and on none that has answered', async () => {
  const never = () => new Promise<string>(() => {});
  const answers: Promise<string>[] = [];
  for (let i = 0; i < 5_000; i++) {
    answers.push(inTime<string>(i % 3 === 0 ? never : () => 'answer', 5, () => 'late'));
    if (i % 100 === 0) await answers.at(-2);
  }
  expect(await Promise.all(answers)).toEqual(answers.map((_, i) => (i % 3 === 0 ? 'late' : 'answer')));
});
