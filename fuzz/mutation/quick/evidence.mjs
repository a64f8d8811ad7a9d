// The quick pass over what proves and what verifies. The suites that need a server or start programs are left out.
import { quickRunner } from './quick-runner.mjs';

process.env.STELE_EXPORT_CHANGES = '20';
process.env.STELE_POSTGRES = 'postgres://127.0.0.1:1/none';

const files =
  /^(?:attacks|audit-log\.keys|export|export-attacks|folder-reader|log-walk|proofs|verify-(?:log|options|proof|pruned|report))\.test\.ts$/;

export const strykerPlugins = quickRunner({
  folder: 'packages/audit/test',
  isQuick: (file) => files.test(file),
  // Attacks on databases are the same as those on files.
  slow: /in \$name \[[12]\]|any character was changed|cannot be told apart|tiles of the third level/,
});
