import { expect } from 'vitest';
import { type diff, evaluate, type Policy, type Request } from '../../../src/index.js';
import { isJson } from './claims.js';

export const permits = (policy: Policy, request: Request) => evaluate(policy, request).permitted;

/** Replays what `diff` found. */
export function expectFound(
  before: Policy,
  after: Policy,
  { newlyPermitted, newlyDenied }: ReturnType<typeof diff>,
): void {
  for (const [request, isNew] of [
    [newlyPermitted, true],
    [newlyDenied, false],
  ] as const) {
    if (request === undefined) continue;
    expect(permits(before, request)).toBe(!isNew);
    expect(permits(after, request)).toBe(isNew);
    expect(isJson(request)).toBe(true);
  }
}
