import { CliError } from './errors.js';

const MAX_REASON = 1_024;

/** The reason of a revocation, checked before anything is done. @throws CliError `usage` */
export function checkReason(reason: string): string {
  if (reason.length >= 1 && reason.length <= MAX_REASON && !/\p{Surrogate}/u.test(reason)) return reason;
  throw new CliError('usage', `--reason must have 1 to ${MAX_REASON} characters`);
}
