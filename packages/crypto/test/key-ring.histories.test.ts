/** Managers of one ring beside a naive book of what was done. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verify } from '../src/index.js';
import { DAY, sharing, stateOf } from './key-ring-support/rings.js';
import { text } from './support.js';

const message = text('message');

describe('any history of several managers of one ring', () => {
  type Step = ['sign' | 'rotate' | 'retire' | 'revokeActive' | 'revokeOld' | 'reopen', number] | ['day', 0];
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.tuple(
      fc.constantFrom('sign', 'rotate', 'retire', 'revokeActive', 'revokeOld', 'reopen'),
      fc.nat(2),
    ) as fc.Arbitrary<Step>,
    fc.constant(['day', 0] as Step),
  );

  it('verifies in all of them exactly what a naive book says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { ring, time, open } = sharing(undefined, { overlapPeriodMs: 2 * DAY });
        const managers = [await open(), await open(), await open()];
        const signed: { key: string; signature: Uint8Array }[] = [];
        const ended = new Map<string, number | 'revoked'>();
        for (const [what, i] of steps) {
          const manager = managers[i]!;
          await manager.refresh();
          const key = manager.activeKey.publicKeyHex;
          if (what === 'day') time.now += DAY;
          if (what === 'retire') await manager.retireExpired();
          if (what === 'reopen') managers[i] = await open();
          if (what === 'sign') signed.push({ key, signature: await manager.sign(message) });
          if (what === 'rotate') {
            ended.set(key, time.now);
            await manager.rotate();
          }
          if (what === 'revokeActive' || what === 'revokeOld') {
            const target = what === 'revokeActive' ? key : (signed[0]?.key ?? key);
            ended.set(target, 'revoked');
            await manager.revoke(target, 'reason');
          }
          for (const each of managers) {
            for (const { key: signer, signature } of signed) {
              const end = ended.get(signer);
              const expected = end === undefined || (end !== 'revoked' && time.now < end + 2 * DAY);
              expect((await each.verifyWithAnyKey(message, signature)).valid).toBe(expected);
              const pair = each.signerOf(signer);
              const again = await pair.sign(message).catch(() => undefined);
              expect(again !== undefined && (await verify(message, again, pair.publicKey))).toBe(expected);
            }
            expect(each.history.filter(({ state }) => state === 'active')).toHaveLength(1);
          }
          const { keys, revoked } = await stateOf(ring);
          expect(revoked).toHaveLength([...ended.values()].filter((end) => end === 'revoked').length);
          expect(keys).toHaveLength(managers[i]!.history.length);
        }
      }),
      { numRuns: 40 },
    );
  });
});
