/** One Data Integrity proof (cryptosuite eddsa-jcs-2022) of a proof set. */
export interface Proof {
  type: 'DataIntegrityProof';
  cryptosuite: 'eddsa-jcs-2022';
  /** RFC 3339 UTC. Says what the signer claims; never evidence of time. */
  created: string;
  /** RFC 3339 UTC; found in foreign proofs only, and enforced. */
  expires?: string;
  /** `did:key:z6Mk…#z6Mk…` */
  verificationMethod: string;
  proofPurpose: 'assertionMethod';
  /** Multibase base58btc of the 64 signature bytes. */
  proofValue: string;
}

/** Who may meet an obligation of one name. */
export interface Approvers {
  /** did:key of each approver. */
  keys: string[];
  /** How many distinct ones must approve. */
  threshold: number;
}

/** A covenant as it is written and signed. Plain JSON; nothing about it is known to be true until it is verified. */
export interface CovenantDocument {
  type: 'SteleCovenant';
  version: '1';
  /** `urn:stele:covenant:` and the SHA-256 of the canonical form without `id` and `proof`. */
  id: string;
  issuer: { id: string; name?: string };
  beneficiary: { id: string; name?: string };
  /** A CCL text. */
  constraints: string;
  createdAt: string;
  activatesAt?: string;
  expiresAt?: string;
  /** base64url of 16 random bytes. */
  nonce: string;
  parent?: string;
  delegation?: { maxDepth: number };
  requiredCountersigners?: string[];
  approvers?: Record<string, Approvers>;
  reissues?: string;
  metadata?: Record<string, unknown>;
  proof: Proof | Proof[];
}

/** A signed statement that a covenant no longer holds. It counts for ever. */
export interface RevocationDocument {
  type: 'SteleRevocation';
  version: '1';
  /** The id of the covenant that is revoked. */
  covenant: string;
  reason: string;
  /** RFC 3339 UTC. */
  revokedAt: string;
  proof: Proof | Proof[];
}

/** The checks of a verification, in the order in which they run. */
export const CHECK_NAMES = [
  'structure',
  'id',
  'issuer_signature',
  'countersignatures',
  'trust',
  'key_status',
  'active',
  'not_revoked',
  'constraints',
  'chain',
  'narrowing',
] as const;

export type CheckName = (typeof CHECK_NAMES)[number];

/** What one check found. */
export interface CheckResult {
  readonly name: CheckName;
  readonly passed: boolean;
  /** Present on a finding that does not make the covenant invalid. */
  readonly warning?: true;
  /** Set where a failed check has a decision code of its own. */
  readonly code?: 'revocation_unknown';
  /** Present where something could not be looked up: the check may pass later although nothing was changed. */
  readonly unavailable?: true;
  /** One sentence for a person. */
  readonly message: string;
}
