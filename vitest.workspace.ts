/** Every project of the repository; `vitest.config.ts` imports this list. */
export default ['packages/*', 'examples/*', 'editors/*', 'test/house'];
