/** What one decision code tells the person or agent who gets it. */
export interface DecisionCodeInfo {
  /** What happened, one sentence. */
  readonly meaning: string;
  /** How to mend it, one sentence. */
  readonly mend: string;
  /** True when the same request may be permitted later although neither it nor the covenant has changed. */
  readonly retryable: boolean;
}

const table = {
  permitted: {
    meaning:
      'The action is permitted; its obligations are met, its limits charged and the decision recorded.',
    mend: 'Nothing to mend.',
    retryable: false,
  },
  malformed_request: {
    meaning:
      'The request cannot be judged: it is not plain I-JSON, too large, too deep, or its action or resource is invalid.',
    mend: 'Send an action, a resource and a context of plain JSON values within the stated bounds.',
    retryable: false,
  },
  denied_by_rule: {
    meaning: 'A deny statement of a covenant matches the request, or may match it and cannot be ruled out.',
    mend: 'Do not repeat the action; if it ought to be allowed, ask the owner for a new covenant.',
    retryable: false,
  },
  no_matching_permit: {
    meaning: 'No permit statement covers the request, and what is not permitted is denied.',
    mend: 'Choose an action and values that a permit covers, or ask the owner for a wider covenant.',
    retryable: false,
  },
  limit_exceeded: {
    meaning: 'The action would exceed a limit of the covenant.',
    mend: 'Wait as long as `retryAfterMs` says, or ask for less.',
    retryable: true,
  },
  limit_unmeasurable: {
    meaning: 'A limit applies, but the field that it counts is missing or is not a number that it can count.',
    mend: 'Send the field that the limit names as a valid number.',
    retryable: false,
  },
  limit_unavailable: {
    meaning: 'A limit applies, but its counter cannot be read or written now.',
    mend: 'Restore the counter store, then try again.',
    retryable: true,
  },
  obligation_pending: {
    meaning: 'The action is permitted only once an obligation is met, and it is still awaited.',
    mend: 'Meet what the decision lists as awaited, then ask again.',
    retryable: true,
  },
  obligation_unmet: {
    meaning: 'An obligation was refused, failed, has no handler on this host, or too few who may approve.',
    mend: 'Register a handler for the obligation, or ask whoever refused it.',
    retryable: false,
  },
  covenant_invalid: {
    meaning: 'A covenant that governs the agent fails verification; the reason names the failed check.',
    mend: 'Correct what the named check reports, or have the covenant issued anew.',
    retryable: false,
  },
  covenant_missing: {
    meaning: 'No covenant was given, or one that must govern the agent is not among those given.',
    mend: 'Hand the monitor the covenant that must govern.',
    retryable: false,
  },
  wrong_agent: {
    meaning: 'The covenant was made for another agent.',
    mend: 'Use the covenant whose beneficiary is this agent.',
    retryable: false,
  },
  revocation_unknown: {
    meaning:
      'Whether the covenant is revoked cannot be told: a revocation is unreadable or a required list is absent or out of date.',
    mend: 'Provide a readable revocation, or a current revocation list, then try again.',
    retryable: true,
  },
  clock_suspect: {
    meaning: 'The clock of this host contradicts what is known of the time.',
    mend: 'Set the clock of the host, then try again.',
    retryable: true,
  },
  record_failed: {
    meaning: 'The decision could not be recorded, and without a record nothing is permitted.',
    mend: 'Make the decision sink writable (disk space, permissions, connection), then try again.',
    retryable: true,
  },
  tool_contract_changed: {
    meaning:
      'The tool is not, or no longer, what was agreed: it is new, has another name, description or schema, or the host does not tell what it is.',
    mend: 'Review the new tool contract and pin it (`stele tools pin`), or restore the old tool.',
    retryable: false,
  },
} as const satisfies Record<string, DecisionCodeInfo>;

/** Every code that a decision can carry. Stable across releases; later releases may add codes. */
export type DecisionCode = keyof typeof table;

/** Code, meaning, mend, retryable. Frozen, and without a prototype: no name is found in it by accident. */
export const DECISION_CODES: Readonly<Record<DecisionCode, DecisionCodeInfo>> = Object.freeze(
  Object.assign(
    Object.create(null) as Record<DecisionCode, DecisionCodeInfo>,
    Object.fromEntries(Object.entries(table).map(([code, info]) => [code, Object.freeze(info)])),
  ),
);

/** True when `value` is one of the decision codes. */
export function isDecisionCode(value: unknown): value is DecisionCode {
  return typeof value === 'string' && Object.hasOwn(DECISION_CODES, value);
}
