import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { anyWithin } from './support/finding.js';
import { formsOf } from './support/recording.js';

const TEXT = 'PLANTED-"MARKER"-é';
const noise = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7919) % 251));

describe('what is looked for in the bytes of a store', () => {
  it('is found at every place, also at the end', () => {
    const pieces = [Buffer.from('nowhere to be seen'), Buffer.from(TEXT)];
    for (let before = 0; before < 300; before++) {
      const bytes = Buffer.concat([noise.subarray(0, before), Buffer.from(TEXT)]);
      assert.equal(anyWithin(bytes, pieces), pieces[1]);
      assert.equal(anyWithin(bytes.subarray(0, -1), pieces), undefined);
    }
    assert.equal(anyWithin(noise, pieces), undefined);
  });

  it('is found in every encoding that a database or its protocol may use', () => {
    const forms = formsOf(TEXT);
    for (let before = 0; before < 6; before++) {
      const bytes = Buffer.concat([noise.subarray(0, before), Buffer.from(TEXT), noise.subarray(0, 5)]);
      const wide = Buffer.from(`${'x'.repeat(before)}${TEXT}`, 'utf16le');
      for (const encoded of [
        bytes,
        bytes.toString('hex'),
        bytes.toString('hex').toUpperCase(),
        bytes.toString('base64'),
        bytes.toString('base64url'),
        JSON.stringify([...bytes]),
        JSON.stringify(TEXT),
        wide,
        Buffer.from(wide).swap16(),
      ])
        assert.ok(
          anyWithin(Buffer.from(encoded), forms),
          `${before} before: ${encoded.toString().slice(0, 40)}`,
        );
    }
    assert.equal(anyWithin(noise, forms), undefined);
  });
});
