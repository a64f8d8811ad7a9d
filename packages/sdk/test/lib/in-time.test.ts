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
