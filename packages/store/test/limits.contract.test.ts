import { MemoryLimits } from '@stele/ccl';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { sqliteDrivers } from '../../../test/support/sqlite.js';
import { SqliteLimits } from '../src/index.js';
import { type LimitSetup, TestClock } from '../src/lib/contract/limits-harness.js';
import { HISTORY, type HistoryStep, playHistory } from '../src/lib/contract/limits-history.js';
import { type LimitLedgerToTest, limitContract } from '../src/testing.js';
import { freshPath } from './support/stores.js';

const ledgers: [string, (setup: LimitSetup) => LimitLedgerToTest][] = [
  ['MemoryLimits', (setup) => new MemoryLimits(setup)],
  ...sqliteDrivers.flatMap((driver): [string, (setup: LimitSetup) => LimitLedgerToTest][] => [
    [`SqliteLimits in memory (${driver})`, (setup) => new SqliteLimits(':memory:', { ...setup, driver })],
  ]),
];

for (const [name, make] of ledgers) limitContract(name, make, { describe, it });

const driver = sqliteDrivers[0];
if (driver !== undefined) {
  limitContract(
    `SqliteLimits in a file (${driver})`,
    (setup) => new SqliteLimits(freshPath('limits'), { ...setup, driver }),
    { describe, it },
  );
}

const step: fc.Arbitrary<HistoryStep> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('reserve' as const),
      charges: fc.array(
        fc.record({
          limit: fc.constantFrom(...HISTORY.limits),
          hundredths: fc.constantFrom(...HISTORY.hundredths),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      ttlMs: fc.constantFrom(...HISTORY.ttls),
    }),
  },
  fc.record({ do: fc.constant('commit' as const), index: fc.nat(20) }),
  fc.record({
    do: fc.constant('release' as const),
    index: fc.nat(20),
    which: fc.option(fc.uniqueArray(fc.nat(3), { maxLength: 3 }), { nil: undefined }),
  }),
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(...HISTORY.waits) }),
  },
);

describe.each(ledgers)('%s', (_, make) => {
  it('agrees with a ledger that keeps everything, in every history', () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const clock = new TestClock();
        const limits = make({ clock: clock.read });
        await playHistory(limits, clock, steps);
        await limits.close?.();
      }),
      { numRuns: 300 },
    ));
});
