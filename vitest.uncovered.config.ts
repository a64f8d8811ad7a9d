import { mergeConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.js';
import all from './vitest.config.ts';

/** Everything but what `npm run coverage` runs: the two together are `npm test`, each suite once. */
export default mergeConfig(all, {
  test: {
    projects: ['!packages/ccl', '!packages/crypto'],
    sequence: { sequencer: LongestFirst },
  },
});
