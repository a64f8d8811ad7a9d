// The quick pass over the formats of the log.
import { quickRunner } from './quick-runner.mjs';

const files = /^(?:strict-text|merkle|tile-format|tiles|tree-edge|note|checkpoint|cosignature|proof-file)\.test\.ts$/;

export const strykerPlugins = quickRunner({
  folder: 'packages/audit/test',
  isQuick: (file) => files.test(file),
  slow: /cut or with one byte changed, are all refused/,
});
