/** How old keys are, and how old they may become. */
import type { KeyDescription } from '@stele/crypto';
import { parseSpan } from './times.js';

const DAY_MS = 86_400_000;

/** A span in days, to one decimal. */
export const days = (ms: number): number => Math.round((ms / DAY_MS) * 10) / 10;

/** In milliseconds; a key from the future has the age 0. */
export const ageOf = ({ createdAt }: Pick<KeyDescription, 'createdAt'>): number =>
  Math.max(0, Date.now() - Date.parse(createdAt));

/** The age of the active key beside what it may be. */
export interface Policy {
  /** Whether it is to be rotated; a key that is revoked and has no successor is, too. */
  readonly due: boolean;
  readonly ageDays: number;
  readonly maxAgeDays: number;
}

/** @throws CliError `usage` for a `maxAge` that is no span */
export function policyOf(newest: KeyDescription, maxAge: string): Policy {
  const maxAgeMs = parseSpan(maxAge, '--max-age');
  const ageMs = ageOf(newest);
  const due = ageMs >= maxAgeMs || newest.state === 'revoked';
  return { due, ageDays: days(ageMs), maxAgeDays: days(maxAgeMs) };
}

/** When a retired key verified for the last time: its overlap ended, or it was ended earlier, for room. */
export const retirementOf = ({ verifiesUntil, retiredAt }: KeyDescription): string =>
  [verifiesUntil, retiredAt].filter((time) => time !== undefined).sort()[0] as string;
