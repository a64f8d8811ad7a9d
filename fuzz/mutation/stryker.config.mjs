// Mutation tests of what decides and of what proves. One process: a run takes long, but leaves the machine usable.
const sources = 'packages/ccl/src';

export default {
  mutate: [
    `${sources}/{evaluate,compile,narrowing,analyze,diff}.ts`,
    `${sources}/lib/{pattern,statements,condition,values,names}.ts`,
    `${sources}/prove/**/*.ts`,
  ],
  testRunner: 'vitest',
  vitest: { configFile: 'fuzz/mutation/vitest.config.ts', dir: 'packages/ccl', related: false },
  plugins: ['@stryker-mutator/vitest-runner', new URL('ignore-work.mjs', import.meta.url).pathname],
  ignorers: ['work'],
  coverageAnalysis: 'perTest',
  concurrency: 1,
  // What the suite of the language needs; the rest of the repository is not copied.
  ignorePatterns: [
    '**',
    '!packages/ccl/**',
    '!test/support/**',
    '!docs/**',
    '!fuzz/mutation/vitest.config.ts',
    '!tsconfig.base.json',
    '!package.json',
    'packages/ccl/{dist,node_modules}',
  ],
  tempDirName: 'fuzz/mutation/out/sandbox',
  incremental: true,
  incrementalFile: 'fuzz/mutation/out/incremental.json',
  reporters: ['clear-text', 'json', 'html'],
  jsonReporter: { fileName: 'fuzz/mutation/out/report.json' },
  htmlReporter: { fileName: 'fuzz/mutation/out/report.html' },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  thresholds: { high: 98, low: 95, break: 95 },
  disableTypeChecks: false,
  timeoutMS: 30_000,
};
