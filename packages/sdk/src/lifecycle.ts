/** What happens to covenants and keys, as events of a log. */
import { type CovenantDocument, documentDigest, type RevocationDocument } from '@stele/core';
import type { KeyDescription } from '@stele/crypto';
import { SteleError } from '@stele/types/errors';
import type { EventRecord } from './sink.js';

/** What takes events: `AuditLog`, `MemorySink`, or anything with such an `append` that resolves once the event is durable. */
export interface EventLog {
  append(event: EventRecord): Promise<{ seq: number }>;
}

export interface LifecycleOptions {
  /** The time in milliseconds since 1970; `Date.now` when not given. */
  clock?: () => number;
}

/**
 * Writes lifecycle events to a log. A `SteleClient` with a `log` writes those of its covenants by itself; this is for keys,
 * and for hosts that do without a client. Every method resolves once the event is durable, with what the log answered.
 */
export class Lifecycle {
  readonly #log: EventLog;
  readonly #clock: () => number;

  /** @throws TypeError for what is no log */
  constructor(log: EventLog, { clock = Date.now }: LifecycleOptions = {}) {
    if (typeof log?.append !== 'function') throw new TypeError('a log has append');
    this.#log = log;
    this.#clock = clock;
  }

  /**
   * `covenant.put`: a covenant is about to be in force. To be recorded before it is stored, so that none is in force that
   * the log does not know. Its `digest` is that of the whole document, proofs included (`documentDigest`).
   * @throws SteleError `event_not_recorded`
   */
  covenantPut(document: CovenantDocument): Promise<{ seq: number }> {
    const { id, beneficiary, reissues } = document;
    return this.#record('covenant.put', {
      covenant: id,
      agent: beneficiary.id,
      digest: documentDigest(document),
      ...(reissues === undefined ? {} : { reissues }),
    });
  }

  /**
   * `covenant.promoted`: a candidate that was judged beside takes the place of another covenant. To be recorded before the
   * monitor of the candidate is used.
   * @param to the candidate
   * @param from the covenant that it replaces
   * @throws SteleError `event_not_recorded`
   */
  covenantPromoted(to: CovenantDocument, from: CovenantDocument): Promise<{ seq: number }> {
    const digest = documentDigest(to);
    return this.#record('covenant.promoted', {
      covenant: to.id,
      agent: to.beneficiary.id,
      digest,
      replaces: from.id,
    });
  }

  /**
   * `covenant.revoked`. To be recorded after the revocation is stored: it must bite, also while the log cannot be written.
   * @throws SteleError `event_not_recorded`
   */
  covenantRevoked(covenant: string, revocation: RevocationDocument): Promise<{ seq: number }> {
    return this.#record('covenant.revoked', { covenant, digest: documentDigest(revocation) });
  }

  /**
   * `key.rotated`. For `onRotation` of a `KeyManager`, which calls again for a rotation whose event failed.
   * @throws SteleError `event_not_recorded`
   */
  readonly keyRotated = async (oldKey: KeyDescription, newKey: KeyDescription): Promise<void> => {
    await this.#record('key.rotated', { use: newKey.use, key: newKey.did, previous: oldKey.did });
  };

  /**
   * `key.revoked`, to be recorded after the key was revoked. The reason is for people and stays out of the log.
   * @throws SteleError `event_not_recorded`
   */
  keyRevoked({ use, did }: Pick<KeyDescription, 'use' | 'did'>): Promise<{ seq: number }> {
    return this.#record('key.revoked', { use, key: did });
  }

  async #record(kind: string, facts: Readonly<Record<string, unknown>>): Promise<{ seq: number }> {
    try {
      return await this.#log.append({ v: 1, kind, time: new Date(this.#clock()).toISOString(), ...facts });
    } catch (cause) {
      throw new SteleError('event_not_recorded', `the event ${kind} could not be recorded`, { cause });
    }
  }
}
