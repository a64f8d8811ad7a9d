import { describe, expect, it } from 'vitest';
import { policyOf } from '../src/lib/policies.js';

describe('policies that were compiled before', () => {
  it('are found again by their whole text', () => {
    const policy = policyOf('permit a on /x');
    expect(policyOf('permit a on /x')).toBe(policy);
    expect(policyOf('permit a on /y')).not.toBe(policy);
  });

  it.each([
    "permit a on /x when b matches 'c'",
    "permit a on /x when b MATCHES 'c'",
    `permit a on /x # ${'x'.repeat(70_000)}`,
  ])('are not kept where they could be large: %#', (text) => {
    expect(policyOf(text)).not.toBe(policyOf(text));
  });

  it('go, the oldest first, when there are many', () => {
    const first = policyOf('permit oldest on /x');
    for (let i = 0; i < 8; i++) policyOf(`permit a${i} on /x # ${'y'.repeat(40_000)}`);
    expect(policyOf('permit oldest on /x')).not.toBe(first);
  });

  it('that do not parse throw each time', () => {
    for (let i = 0; i < 2; i++) expect(() => policyOf('permitt')).toThrow();
  });
});
