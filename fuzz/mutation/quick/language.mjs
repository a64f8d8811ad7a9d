// The quick pass over the language.
import { matchesGlob } from 'node:path';
import { quickRunner } from './quick-runner.mjs';

/** What takes long, and what neither decides nor proves. */
const leftOut = [
  '{attack,types}/**',
  '**/*.property.test.ts',
  'evaluate.hostile.test.ts',
  '{bounds,builder,cedar,docs,explain,format,fuzz,limits,parse,parse-suggestions,readme,testing}.test.ts',
  'prove/{budget,finite-worlds,soundness,well-formed}.test.ts',
];
/** Tests of the other files that take long, by what their names hold. */
const slow = new RegExp(
  [
    'of a hundred thousand terms',
    'resources up to their longest > ',
    'child that narrows > .*\\[1[345]\\]',
    'resources have 4,096',
    'those that a scan of all finds',
    'nodes times places',
    'found as by asking each',
    'match as plain recursion says',
    'says nothing that the engine denies',
    'end for %.20s… at its full length',
    'accepts what the evaluator matches',
    'if fields are compared with',
    'covers what, and what meets what',
    'every (?:host|scheme)',
    'two ways to write the same rules',
    'made to be hard',
    'random pairs',
    'whatever a resource holds',
  ].join('|'),
);

const isQuick = (file) => !leftOut.some((glob) => matchesGlob(file, glob));
export const strykerPlugins = quickRunner({ folder: 'packages/ccl/test', isQuick, slow });
