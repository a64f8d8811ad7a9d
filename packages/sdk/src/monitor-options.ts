import type { LimitLedger } from '@stele/ccl';
import type { CovenantDocument } from '@stele/core';
import type { CovenantStore } from '@stele/store';
import type { ActionRequest, Decision } from './decision.js';
import type { ApprovalOptions } from './lib/approval-options.js';
import type { ObligationHandler } from './lib/obligations.js';
import type { KeysOverTime } from './lib/told.js';
import type { DecisionSink } from './sink.js';

export interface MonitorOptions extends KeysOverTime {
  /** The covenant that governs, or several: then all of them must permit. */
  covenant: CovenantDocument | readonly CovenantDocument[];
  /** Where parents and revocations are looked up. */
  store?: CovenantStore;
  /** did:keys trusted to issue or to stand at the root of a chain, read once. See `verifyCovenant`. */
  trust?: readonly string[];
  /** Who the agent is. A covenant made for another denies everything. Needed where request data chooses the covenant. */
  agent?: string;
  /** Covenants that must govern, by id or by issuer: when one is not among those given, everything is denied. */
  mustGovern?: readonly string[];
  /** Where decisions are recorded, such as an `AuditLog`. Not given: in memory, the last 10,000, without their contexts. */
  sink?: DecisionSink;
  /** What meets the obligations, by name. One without a handler is unmet. */
  obligations?: Readonly<Record<string, ObligationHandler>>;
  /**
   * Meets the obligations that have approvers (`approvers` of the covenant that states them, else of these options) by what those
   * have signed. A handler of the same name is asked besides, and both must hold.
   */
  approvals?: ApprovalOptions;
  /** Where limits are counted. Not given: in memory, one ledger for all monitors of the process. */
  limits?: LimitLedger;
  /** Told of every decision, for logs and metrics. What it throws is ignored, and nothing waits for it. */
  onDecision?: (decision: Decision, request: ActionRequest | undefined) => void | Promise<void>;
  /**
   * A candidate for `covenant`, judged beside it without effect: it charges nothing, asks for no approval, and nothing waits for
   * it. What its rules would decide otherwise is recorded with the mode `shadow`.
   */
  shadow?: CovenantDocument | readonly CovenantDocument[];
  /** How far clocks may differ, in milliseconds; 60,000 when not given. */
  clockSkewMs?: number;
  /** The time in milliseconds since 1970, or a Date; the system's when not given. */
  clock?: () => number | Date;
  /**
   * How long one decision waits for what is to be looked up of the covenants (parents, revocations, lists, keys), in
   * milliseconds, 1 to 600,000; 10,000 when not given. Later it is a denial, `revocation_unknown`.
   */
  lookupTimeoutMs?: number;
  /**
   * How long a sink may take, in milliseconds, 1 to 600,000; 10,000 when not given. A permit that is not recorded by then
   * is a denial, `record_failed`. The result of an action whose outcome is not is handed out, and the outcome written later.
   */
  recordTimeoutMs?: number;
  /**
   * How soon an action that runs is told, through its AbortSignal, that its covenant no longer stands, in milliseconds, 1 to
   * 600,000; 1,000 when not given. A decision always looks anew.
   */
  revocationMaxAgeMs?: number;
}
