import type { CovenantStore } from '@stele/store';
import { type Answer, OneAtATime } from './one-at-a-time.js';

/**
 * What is asked of a store. `probe` writes something, reads it back and leaves no trace; a store without it can only be
 * read.
 */
export type ProbedStore = Pick<CovenantStore, 'get'> & { readonly probe?: () => Promise<void> };

/** What was tried. After `read` it is not known whether the store can be written. */
export type ProbeKind = 'write' | 'read';

/** A well-formed id that no document hashes to, as far as anyone can find one. */
const ABSENT = `urn:stele:covenant:${'0'.repeat(64)}`;

const probes = new OneAtATime<ProbeKind>();

/** What a probe of this store can show. */
export const probeKind = (store: ProbedStore): ProbeKind =>
  typeof store.probe === 'function' ? 'write' : 'read';

/** Writes where the store can be asked to, and reads through the same door as monitors do. */
export function probeStore(store: ProbedStore, timeoutMs: number): Promise<Answer<ProbeKind>> {
  const probe = async (): Promise<ProbeKind> => {
    const kind = probeKind(store);
    if (kind === 'write') await store.probe?.();
    await store.get(ABSENT);
    return kind;
  };
  return probes.ask(store, probe, timeoutMs);
}
