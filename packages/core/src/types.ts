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

/** A signed statement that one key follows another: both keys have signed it. */
export interface KeyContinuityDocument {
  type: 'SteleKeyContinuity';
  version: '1';
  /** did:key of the key that is followed, and of the one that follows it. */
  oldKey: string;
  newKey: string;
  /** RFC 3339 UTC; what the signers claim, never evidence of time. */
  changedAt: string;
  /** The new key's commitment: the hash (`keyHash`) of the only key that may follow it. */
  nextKeyHash?: string;
  /** One proof by each of the two keys. */
  proof: Proof[];
}

/** A covenant on a revocation list. */
export interface ListedCovenant {
  /** The id of the covenant. */
  covenant: string;
  /** 1 to 1,024 characters. */
  reason: string;
  /** RFC 3339 UTC. */
  revokedAt: string;
}

/** A key on a revocation list. */
export interface ListedKey {
  /** did:key of the key. */
  key: string;
  /** `compromised`: it never verifies anything again. `retired`: what it signed before counts, with evidence of that. */
  status: 'compromised' | 'retired';
  /** 1 to 1,024 characters. */
  reason: string;
  /** RFC 3339 UTC: when it was revoked, or when it retired. */
  revokedAt: string;
}

/** What one signer has revoked, all of it, as of one moment. */
export interface RevocationListDocument {
  type: 'SteleRevocationList';
  version: '1';
  /** did:key of the signer. */
  issuer: string;
  /** From 1 up; each list of an issuer has a higher number than the one before. */
  number: number;
  /** RFC 3339 UTC: when it was made, and when it is too old to be relied on. */
  issuedAt: string;
  nextUpdate: string;
  covenants: ListedCovenant[];
  keys: ListedKey[];
  /** One proof, by the issuer. */
  proof: Proof | Proof[];
}

/** One `require` that a call has to meet, and the covenant that states it. */
export interface ApprovalObligation {
  name: string;
  /** The id of the covenant that states it. */
  covenant: string;
  /** The line of the statement, from 1 up. */
  line: number;
}

/** One call that waits for approval: everything that an approver signs for. */
export interface ApprovalRequest {
  /** `urn:stele:approval:` and the SHA-256 of the canonical form of the rest. The nonce salts it, so it tells nothing of the arguments. */
  id: string;
  /** base64url of 32 random bytes. */
  nonce: string;
  /** The name of the monitor that asks, 1 to 256 characters. */
  audience: string;
  /** Who wants to act: a did:key or another absolute URI. */
  agent: string;
  /** Ids of every covenant of every chain that governs the call, roots first; 1 to 64. */
  covenants: string[];
  /** SHA-256 over the rules of all of them, 64 hex digits. */
  policy: string;
  /** 1 to 64. */
  obligations: ApprovalObligation[];
  action: string;
  resource: string;
  /** The arguments, and the facts that the host states of the call; nested at most 62 deep. */
  context: Record<string, unknown>;
  /** SHA-256 of the tool's contract, 64 hex digits. */
  toolDigest?: string;
  /** RFC 3339 UTC: when it was asked, and from when on no answer counts; 1 minute to 7 days apart. */
  requestedAt: string;
  expiresAt: string;
}

/** The answer of one approver, or of several who gave the same. */
export interface ApprovalDocument {
  type: 'SteleApproval';
  version: '1';
  verdict: 'approve' | 'deny';
  request: ApprovalRequest;
  /** One proof by each of 1 to 16 keys. */
  proof: Proof[];
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
