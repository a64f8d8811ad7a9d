import { describe, expect, it } from 'vitest';
import { CryptoError, snapshotJson } from '../src/index.js';

describe('the path in a refusal', () => {
  it('shows a hostile name in visible ASCII', () => {
    for (const name of ['\u202ename', '\u2028', '\n', '\u0007', '\ud800', 'é', '"]', '\u{1f600}']) {
      let message = '';
      try {
        snapshotJson({ [name]: { [name]: Number.NaN } });
      } catch (error) {
        expect(error).toBeInstanceOf(CryptoError);
        message = `${(error as CryptoError).message} ${(error as CryptoError).path}`;
      }
      expect(message).toMatch(/^[ -~]+$/);
    }
  });
});
