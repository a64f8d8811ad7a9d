/** What a run of reissues is told, and what it tells. */
import type { CovenantDocument } from '@stele/core';

/** What became of one covenant in a run. */
export type ReissueResult =
  /** Made and stored in this run. */
  | { readonly covenant: string; readonly status: 'reissued'; readonly reissue: string }
  /** The store had a valid reissue under the new key already, say from a run that was cut short. */
  | { readonly covenant: string; readonly status: 'already'; readonly reissue: string }
  | {
      readonly covenant: string;
      readonly status: 'skipped';
      /** `current`: issued by the new key itself. `not_ours`: by a key that the new one does not follow. */
      readonly reason: 'ended' | 'revoked' | 'not_ours' | 'current';
    }
  | {
      readonly covenant: string;
      readonly status: 'failed';
      /**
       * `covenant_missing`, `covenant_invalid` (`check` failed), `revocation_unknown`, `countersignatures_missing`,
       * `not_reissuable`, or the code of the error that was thrown; `error` for one without.
       */
      readonly code: string;
      readonly message: string;
      readonly check?: string;
      /** did:keys whose countersignatures the covenant requires and the reissue lacks. */
      readonly missing?: readonly string[];
      /** The reissue as far as it came; it is not stored. Once countersigned it may be put into the store. */
      readonly document?: CovenantDocument;
    };

/** How far a run has come. */
export interface ReissueProgress {
  readonly done: number;
  readonly total: number;
  /** What became of the last one. */
  readonly current: ReissueResult;
}

export interface ReissueRunOptions {
  /**
   * did:keys of keys that were compromised. No continuity counts for them: a reissue needs a proof by a trust anchor, of
   * which the client's own key may be one. The covenants must then be named, since the thief may have issued others.
   */
  compromised?: readonly string[];
  /**
   * Gets the countersignatures that a reissue needs, before it is stored: those that the covenant requires, and an anchor's
   * where its key was compromised. Without it such covenants fail, and the reissue is handed out in the result.
   * @param missing did:keys whose countersignatures are required
   */
  countersign?: (reissue: CovenantDocument, missing: readonly string[]) => Promise<CovenantDocument>;
  /** Told after each covenant. What it throws ends the run; what is stored stays, and another run goes on from there. */
  onProgress?: (progress: ReissueProgress) => void | Promise<void>;
  /** The time of reissue; the present when not given. */
  now?: Date;
}

/** What a run did: one result for each covenant, in the order in which they were given. */
export interface ReissueReport {
  readonly results: readonly ReissueResult[];
  readonly reissued: number;
  readonly already: number;
  readonly skipped: number;
  readonly failed: number;
}

/** Which covenants a run is about, by id or document. */
export type CovenantsToReissue =
  | Iterable<string | CovenantDocument>
  | AsyncIterable<string | CovenantDocument>;
