// The quick pass over what proves and what verifies. The suites that need a server or start programs are left out.
import { quickRunner } from './quick-runner.mjs';

process.env.STELE_EXPORT_CHANGES = '20';

const files = /^(?:verify-(?:log|options|pruned|proof)|proofs|export-attacks|export|evidence)\.test\.ts$/;

export const strykerPlugins = quickRunner({
  folder: 'packages/audit/test',
  isQuick: (file) => files.test(file),
  slow: /any character was changed, or that was cut anywhere/,
});
