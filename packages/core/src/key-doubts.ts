import { contextOf, type VerifyOptions } from './lib/context.js';

/** Why nothing that a key signs now counts. */
export interface KeyDoubt {
  readonly message: string;
  /** Present where it could not be found out: the key may turn out to be good. */
  readonly unavailable?: true;
}

/**
 * Says which of some keys are revoked, retired, or of a standing that cannot be found out, by what verifications are told of keys
 * over time (`keyStatus`, `revocationLists`, …).
 * @param keys did:keys
 * @returns by did:key; nothing of a key that is good
 * @throws TypeError or RangeError for options of the wrong type
 */
export async function keyDoubts(
  keys: readonly string[],
  options: VerifyOptions = {},
): Promise<ReadonlyMap<string, KeyDoubt>> {
  const { standings, shortfall } = await contextOf(options);
  const doubts = new Map<string, KeyDoubt>();
  for (const did of keys) {
    const standing = await standings.of(did);
    if (standing.kind === 'unknown') doubts.set(did, { message: standing.message, unavailable: true });
    else if (standing.kind !== 'good') doubts.set(did, { message: standing.message });
    else if (shortfall !== undefined) doubts.set(did, { message: shortfall, unavailable: true });
  }
  return doubts;
}
