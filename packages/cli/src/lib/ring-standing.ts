import type { KeyLookup } from '@stele/core';
import type { KeyRingDescription } from '@stele/crypto';
import { retirementOf } from './key-ages.js';

/**
 * What a ring knows of keys, for a verification: its revoked ones are compromised.
 * @param evidenced whether nothing more is asked of keys that have retired
 */
export function ringStanding({ keys, revoked }: KeyRingDescription, evidenced: boolean): KeyLookup {
  const compromised = new Set(revoked.map(({ publicKeyHex }) => publicKeyHex));
  const retired = new Map(
    keys.filter(({ state }) => state === 'retired').map((key) => [key.publicKeyHex, key]),
  );
  return (publicKeyHex) => {
    if (compromised.has(publicKeyHex)) return 'compromised';
    const key = evidenced ? undefined : retired.get(publicKeyHex);
    return key && { status: 'retired', since: new Date(retirementOf(key)) };
  };
}
