// `npm start`: runs the example. Arguments: [--out <folder>] [--covenant <file>]
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SteleError } from '@stele/sdk';
import { openPaper } from './paper.mjs';
import { tellStory } from './story.mjs';

const { values } = parseArgs({ options: { out: { type: 'string' }, covenant: { type: 'string' } } });
const here = (/** @type {string} */ path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const out = values.out ?? here('out');
const colour = process.stdout.isTTY === true && !process.env.NO_COLOR;
const paper = openPaper((text) => process.stdout.write(text), { colour });

try {
  const constraints = readFileSync(values.covenant ?? here('covenant.ccl'), 'utf8');
  const { good } = await tellStory({ constraints, out, paper });
  const folder = relative(process.env.INIT_CWD ?? process.cwd(), out) || '.';
  paper.say(`\n   Everything is in ${folder}/ and is made anew at each start: the signed`);
  paper.say('   covenant, the encrypted store, the log of decisions, a proof, and the damaged copies.\n');
  process.exitCode = good ? 0 : 1;
} catch (error) {
  if (!(error instanceof SteleError)) throw error;
  paper.say(`\n${error.message}`);
  process.exitCode = 2;
}
