import { describe, expect, it } from 'vitest';
import { DECISION_CODES, isDecisionCode } from '../src/index.js';

const PROMISED = [
  'permitted',
  'malformed_request',
  'denied_by_rule',
  'no_matching_permit',
  'limit_exceeded',
  'limit_unmeasurable',
  'limit_unavailable',
  'obligation_pending',
  'obligation_unmet',
  'covenant_invalid',
  'covenant_missing',
  'wrong_agent',
  'revocation_unknown',
  'clock_suspect',
  'record_failed',
  'tool_contract_changed',
];

describe('DECISION_CODES', () => {
  it('has every promised code, in order', () => {
    expect(Object.keys(DECISION_CODES)).toEqual(PROMISED);
  });

  it('says of each what it means, how to mend it, and whether to try again, in whole sentences', () => {
    for (const [code, { meaning, mend, retryable }] of Object.entries(DECISION_CODES)) {
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(meaning).toMatch(/^[A-Z].*\.$/);
      expect(mend).toMatch(/^[A-Z].*\.$/);
      expect(typeof retryable).toBe('boolean');
    }
  });

  it('is frozen, entries too', () => {
    expect(Object.isFrozen(DECISION_CODES)).toBe(true);
    for (const info of Object.values(DECISION_CODES)) expect(Object.isFrozen(info)).toBe(true);
  });

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('finds nothing under %s', (name) => {
    expect((DECISION_CODES as Record<string, unknown>)[name]).toBeUndefined();
    expect(isDecisionCode(name)).toBe(false);
  });

  it('narrows known codes only', () => {
    for (const code of PROMISED) expect(isDecisionCode(code)).toBe(true);
    for (const value of ['', 'Permitted', 'permitted ', 1, null, undefined, {}, ['permitted']]) {
      expect(isDecisionCode(value)).toBe(false);
    }
  });
});
