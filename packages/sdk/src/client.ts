import {
  type BuildOptions,
  buildCovenant,
  type CovenantDocument,
  type RevocationDocument,
  revokeCovenant,
  type Verification,
} from '@stele/core';
import type { KeyPair, Signer } from '@stele/crypto';
import { toSigner } from '@stele/crypto';
import type { CovenantStore } from '@stele/store';
import { SteleError } from '@stele/types/errors';
import { verifyCovenant } from './lib/telemetry-calls.js';
import { observeStore } from './lib/telemetry-store.js';
import { createMonitor, type Monitor, type MonitorOptions } from './monitor.js';

export interface SteleClientOptions {
  store: CovenantStore;
  /** The key that issues and revokes; a client without one only verifies and enforces. */
  signer?: KeyPair | Signer;
  /** did:keys that are trusted. Not given: the client's own key alone. */
  trust?: readonly string[];
}

/** One owner's view: issues covenants into a store, revokes them, verifies and enforces what is in it. */
export class SteleClient {
  readonly #store: CovenantStore;
  readonly #signer: Signer | undefined;
  readonly #trust: readonly string[];

  /** @throws TypeError when neither a signer nor trust anchors are given: nothing could ever be accepted */
  constructor({ store, signer, trust }: SteleClientOptions) {
    if (signer === undefined && trust === undefined)
      throw new TypeError('a client needs { signer } or { trust }');
    this.#store = observeStore(store);
    this.#signer = signer === undefined ? undefined : toSigner(signer);
    this.#trust = trust ?? [didOf(this.#signer as Signer)];
  }

  /**
   * Builds, signs and stores a covenant.
   * @throws CovenantError as `buildCovenant` does, StoreError when it cannot be stored, SteleError `no_signer`
   */
  async issue(options: Omit<BuildOptions, 'signer'>): Promise<CovenantDocument> {
    const document = await buildCovenant({ ...options, signer: this.#key() });
    await this.#store.put(document);
    return document;
  }

  /**
   * Revokes a covenant, and stores the revocation.
   * @throws CovenantError, StoreError, SteleError `no_signer`
   */
  async revoke(covenant: string | CovenantDocument, reason: string): Promise<RevocationDocument> {
    const id = typeof covenant === 'string' ? covenant : covenant.id;
    const revocation = await revokeCovenant({ id }, { reason, signer: this.#key() });
    await this.#store.putRevocation(revocation);
    return revocation;
  }

  /**
   * Verifies a covenant, or the stored one of an id, with its chain and revocations from the store.
   * @throws SteleError `covenant_missing` when the store has no covenant of that id
   */
  async verify(covenant: string | CovenantDocument, options: { now?: Date } = {}): Promise<Verification> {
    return verifyCovenant(await this.#document(covenant), {
      ...options,
      trust: this.#trust,
      resolve: (id) => this.#store.get(id),
      revocations: (id) => this.#store.getRevocations(id),
    });
  }

  /**
   * Makes a monitor that enforces a covenant, or the stored one of an id.
   * @throws SteleError `covenant_missing` when the store has no covenant of that id
   */
  async monitor(
    covenant: string | CovenantDocument,
    options: Omit<MonitorOptions, 'covenant' | 'store' | 'trust'> = {},
  ): Promise<Monitor> {
    const document = await this.#document(covenant);
    return createMonitor({ ...options, covenant: document, store: this.#store, trust: this.#trust });
  }

  async #document(covenant: string | CovenantDocument): Promise<CovenantDocument> {
    if (typeof covenant !== 'string') return covenant;
    const document = await this.#store.get(covenant);
    // What a store holds is not trusted: another covenant may be just as well signed.
    if (document?.id !== covenant)
      throw new SteleError('covenant_missing', `the store has no covenant ${covenant}`);
    return document;
  }

  #key(): Signer {
    if (this.#signer === undefined) throw new SteleError('no_signer', 'this client has no key to sign with');
    return this.#signer;
  }
}

const didOf = (signer: Signer): string => signer.keyId.slice(0, signer.keyId.indexOf('#'));
