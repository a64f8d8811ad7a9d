import { compile, type Policy } from '@stele/ccl';

const MAX_CHARACTERS = 256 * 1024;

/** Compiled rules by their text, the oldest first: many covenants say the same, and compiling is pure. */
const policies = new Map<string, Policy>();
let characters = 0;

/**
 * The compiled rules of a text.
 * @throws CclSyntaxError
 */
export function policyOf(constraints: string): Policy {
  const known = policies.get(constraints);
  if (known !== undefined) return known;
  const policy = compile(constraints);
  // A pattern compiles to thousands of times its text: a few thousand covenants of strangers would fill the memory.
  if (constraints.length > MAX_CHARACTERS / 4 || /matches/i.test(constraints)) return policy;
  policies.set(constraints, policy);
  characters += constraints.length + 1;
  for (const [oldest] of policies) {
    if (characters <= MAX_CHARACTERS) break;
    policies.delete(oldest);
    characters -= oldest.length + 1;
  }
  return policy;
}
