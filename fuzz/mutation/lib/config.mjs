// What both passes have in common. One process each: a run takes long, but leaves the machine usable.
const sources = 'packages/ccl/src';

/** What decides and what proves. */
const mutate = [
  `${sources}/{evaluate,compile,narrowing,analyze,diff}.ts`,
  `${sources}/lib/{pattern,pattern-tree,statements,condition,values,names}.ts`,
  `${sources}/prove/**/*.ts`,
];

/** The settings of a pass, whose reports go to a folder of its name. */
export function configOf(pass, { plugins, ...more }) {
  const out = `fuzz/mutation/out/${pass}`;
  return {
    mutate,
    plugins: [...plugins, new URL('../ignore-work.mjs', import.meta.url).pathname],
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
      'packages/ccl/{coverage,dist,node_modules}',
    ],
    tempDirName: `${out}/sandbox`,
    reporters: ['clear-text', 'progress-append-only', 'json', 'html'],
    jsonReporter: { fileName: `${out}/report.json` },
    htmlReporter: { fileName: `${out}/report.html` },
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
    thresholds: { high: 98, low: 95, break: null },
    disableTypeChecks: false,
    ...more,
  };
}
