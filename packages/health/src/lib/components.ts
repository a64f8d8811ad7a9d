import type { HealthComponent, HealthFinding } from '../component.js';
import { codeOf, detailOf } from './failure.js';
import type { Answer } from './one-at-a-time.js';

/** What the looks at all components share. */
export interface Look {
  /** In milliseconds, for each component. */
  readonly timeoutMs: number;
  /** Whether messages of errors are told. */
  readonly verbose: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** An answer as a component. What hangs, or fails in any way, is unhealthy. */
export function componentOf<T>(
  name: string,
  answer: Answer<T>,
  judge: (value: T) => HealthFinding,
  { verbose }: Look,
): HealthComponent {
  const latencyMs = rounded(answer.latencyMs);
  const failed = (error: unknown): HealthComponent => ({
    name,
    status: 'unhealthy',
    code: codeOf(error),
    latencyMs,
    ...(verbose ? { detail: detailOf(error) } : {}),
  });
  if (answer.kind === 'late') return { name, status: 'unhealthy', code: 'timed_out', latencyMs };
  if (answer.kind === 'error') return failed(answer.error);
  try {
    return { name, ...judge(answer.value), latencyMs };
  } catch (error) {
    return failed(error);
  }
}

/** Two digits after the point are as exact as anyone can use. */
export const rounded = (value: number): number => Math.round(value * 100) / 100;
