/** Steps that write in every way. */
import assert from 'node:assert/strict';
import { sampleCovenants, sampleRevocation } from '../../src/lib/contract/samples.js';
import type { Step } from './steps.js';

export async function someSteps(): Promise<Step[]> {
  const [a, b, c, d, e] = await sampleCovenants(5);
  assert.ok(a && b && c && d && e);
  return [
    { puts: [a] },
    { puts: [b, c, d] },
    { deletes: [a.id] },
    { revocation: await sampleRevocation(b) },
    { puts: [e], deletes: [c.id], revocation: await sampleRevocation(c) },
    { puts: [a] },
    { deletes: [b.id, d.id] },
  ];
}
