import {
  type BuildOptions,
  buildCovenant,
  type CovenantDocument,
  type RevocationDocument,
  revokeCovenant,
  type Verification,
  type VerifyOptions,
} from '@stele/core';
import type { KeyPair, Signer } from '@stele/crypto';
import { toSigner } from '@stele/crypto';
import type { CovenantStore } from '@stele/store';
import { SteleError } from '@stele/types/errors';
import { ReissueIndex } from './lib/reissues-in.js';
import { reissueAll } from './lib/reissuing.js';
import { verifyCovenant } from './lib/telemetry-calls.js';
import { observeStore } from './lib/telemetry-store.js';
import { type KeysOverTime, presentValue, told } from './lib/told.js';
import { Lifecycle } from './lifecycle.js';
import { createMonitor, type Monitor } from './monitor.js';
import type { MonitorOptions } from './monitor-options.js';
import type { CovenantsToReissue, ReissueReport, ReissueRunOptions } from './reissue.js';
import type { DecisionSink, EventSink } from './sink.js';

export interface SteleClientOptions extends KeysOverTime {
  store: CovenantStore;
  /** The key that issues and revokes; a client without one only verifies and enforces. */
  signer?: KeyPair | Signer;
  /** did:keys that are trusted. Not given: the client's own key alone. */
  trust?: readonly string[];
  /**
   * Where the client records what happens to covenants, such as an `AuditLog`, and its monitors what they decide unless they
   * are given a sink of their own. The client never closes it, nor do those monitors.
   */
  log?: EventSink;
}

/** One owner's view: issues covenants into a store, revokes them, verifies and enforces what is in it. */
export class SteleClient {
  readonly #store: CovenantStore;
  readonly #signer: Signer | undefined;
  readonly #trust: readonly string[];
  readonly #keys: KeysOverTime;
  readonly #lifecycle: Lifecycle | undefined;
  readonly #sink: DecisionSink | undefined;

  /**
   * @throws TypeError when neither a signer nor trust anchors are given: nothing could ever be accepted; for a `log` that
   *   is none
   */
  constructor({ store, signer, trust, log, ...keys }: SteleClientOptions) {
    if (signer === undefined && trust === undefined)
      throw new TypeError('a client needs { signer } or { trust }');
    this.#store = observeStore(store);
    this.#keys = keys;
    this.#signer = signer === undefined ? undefined : toSigner(signer);
    this.#trust = trust ?? [didOf(this.#signer as Signer)];
    this.#lifecycle = log && new Lifecycle(log);
    this.#sink = log && leftOpen(log);
  }

  /**
   * Builds, signs and stores a covenant.
   * @throws CovenantError as `buildCovenant` does, StoreError when it cannot be stored, SteleError `no_signer`,
   *   `event_not_recorded` when the log does not take it, and then nothing is stored
   */
  async issue(options: Omit<BuildOptions, 'signer'>): Promise<CovenantDocument> {
    const document = await buildCovenant({ ...options, signer: this.#key() });
    await this.#record([document]);
    await this.#lifecycle?.covenantPut(document);
    await this.#store.put(document);
    return document;
  }

  /**
   * Revokes a covenant, and stores the revocation.
   * @throws CovenantError, StoreError, SteleError `no_signer`, `event_not_recorded` when the log does not take it, though
   *   then the revocation stands: revoke again to have it recorded
   */
  async revoke(covenant: string | CovenantDocument, reason: string): Promise<RevocationDocument> {
    const id = typeof covenant === 'string' ? covenant : covenant.id;
    const revocation = await revokeCovenant({ id }, { reason, signer: this.#key() });
    await this.#store.putRevocation(revocation);
    await this.#lifecycle?.covenantRevoked(id, revocation);
    return revocation;
  }

  /**
   * Verifies a covenant, or the stored one of an id, with its chain and revocations from the store.
   * @throws SteleError `covenant_missing` when the store has no covenant of that id
   */
  async verify(covenant: string | CovenantDocument, options: { now?: Date } = {}): Promise<Verification> {
    const verification = await verifyCovenant(await this.#document(covenant), this.#verifying(options));
    await this.#record(verification.covenant?.chain.map(({ document }) => document) ?? []);
    return verification;
  }

  /**
   * After a rotation: issues every active covenant of the old keys again under the client's, as the same promise, parents
   * before their children, and stores each as it is made. What has a valid reissue under the new key already is left as it
   * is, so a run that was cut short at any point is resumed by another. Run one at a time. Which keys are old says `continuity`.
   * @param covenants by id or document, all of them in the store; not given: all that the store has of the old keys
   * @throws SteleError `no_signer`; `covenants_not_named` for `compromised` keys without `covenants`; `too_many_covenants` for
   *   more than 100,000; StoreError when the store cannot be listed; TypeError for `covenants` that
   *   cannot be iterated. What goes wrong with one covenant is in its result
   */
  async reissue(covenants?: CovenantsToReissue, options: ReissueRunOptions = {}): Promise<ReissueReport> {
    const signer = this.#key();
    const { continuity = [] } = this.#keys;
    const { now = new Date() } = options;
    const index = await ReissueIndex.of(this.#store);
    const setting = {
      store: this.#store,
      signer,
      did: didOf(signer),
      continuity: await presentValue(continuity),
      verifying: { ...this.#verifying({ now }), now, reissues: this.#keys.reissues ?? index.find },
      stored: (document: CovenantDocument) => index.add(document),
      record: async (document: CovenantDocument) => {
        await this.#record([document]);
        await this.#lifecycle?.covenantPut(document);
      },
    };
    return reissueAll(covenants, setting, options);
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
    const [store, trust] = [this.#store, this.#trust];
    const sink = options.sink ?? this.#sink;
    const recording = sink === undefined ? {} : { sink };
    const monitor = await createMonitor({
      ...this.#keys,
      ...options,
      ...recording,
      covenant: document,
      store,
      trust,
    });
    await this.#record(monitor.covenants.map((link) => link.document));
    return monitor;
  }

  #verifying(options: { now?: Date }): VerifyOptions {
    return {
      ...options,
      ...told(this.#keys, this.#store),
      trust: this.#trust,
      resolve: (id) => this.#store.get(id),
      revocations: (id) => this.#store.getRevocations(id),
    };
  }

  /** Their keys may retire one day; then it counts that they were seen before. */
  async #record(documents: readonly object[]): Promise<void> {
    const { evidence } = this.#keys;
    if (documents.length > 0 && typeof evidence === 'object') await evidence.record?.(documents);
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

/** The same log, to be closed by its host alone: several monitors share it. */
const leftOpen = (log: EventSink): EventSink => ({
  ...(log.takesEvents === true ? { takesEvents: true } : {}),
  append: (entry) => log.append(entry),
  get lastTime() {
    return log.lastTime;
  },
  close: async () => {},
});
