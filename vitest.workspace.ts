/** Every project of the repository; `vitest.config.ts` imports this list. */
export default [
  'packages/*',
  'packages/ccl/vitest.chance.config.ts',
  'packages/store/vitest.memory.config.ts',
  'examples/*',
  'editors/*',
  'test/house',
];
