// Holds the rules of the house that a linter does not know. Usage: node scripts/check-house.mjs [folder]
import { resolve } from 'node:path';
import * as importRules from './house/import-rules.mjs';
import * as packageRules from './house/package-rules.mjs';
import { readHouse } from './house/read.mjs';
import * as textRules from './house/text-rules.mjs';
import { root } from './lib/run.mjs';

const rules = [...Object.values(importRules), ...Object.values(packageRules), ...Object.values(textRules)];
const house = readHouse(resolve(process.argv[2] ?? root));
const problems = (await Promise.all(rules.map((rule) => rule(house)))).flat();

for (const { file, line, message, mend } of problems)
  process.stderr.write(`${file}:${line}: ${message}\n    mend: ${mend}\n`);
process.stdout.write(
  `house: ${house.files.length} files, ${rules.length} rules, ${problems.length} problems\n`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
