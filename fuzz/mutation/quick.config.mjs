// The first pass: the quick tests alone, all in one process.
import { configOf } from './lib/config.mjs';

export default configOf('quick', {
  plugins: [new URL('quick/language.mjs', import.meta.url).pathname],
  testRunner: 'quick',
  // The runner itself sees which test does not end.
  timeoutMS: 3_600_000,
  dryRunTimeoutMinutes: 20,
});
