// Measures Stele beside its peers, all in one run. Prints whether the bars are met and never fails because of them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measure } from './lib/measure.mjs';
import { seeded } from './lib/random.mjs';
import { machine, markdownBars, markdownTable, plain, terminalTable } from './lib/report.mjs';

const GROUPS = [
  'ed25519',
  'signers',
  'covenant',
  'ccl',
  'store',
  'store-remote',
  'encrypted',
  'limits',
  'monitor',
  'http',
  'audit',
  'audit-verify',
];
const FULL = { rounds: 31, sliceMs: 30, smoke: false };
const SMOKE = { rounds: 2, sliceMs: 1, smoke: true };
const SEED = 20_261_121;
const PAGE = new URL('../docs/benchmarks.md', import.meta.url);
const SECTION = /(<!-- figures: begin -->\n)[\s\S]*(<!-- figures: end -->)/;

const USAGE = `Usage: npm run bench -- [--only group] [--smoke] [--json | --markdown | --update]
  --only      one group (may be given again): ${GROUPS.join(', ')}
  --smoke     a fraction of a second per group, to see that everything still runs; its figures mean nothing
  --json      for machines
  --markdown  prints the section of figures of docs/benchmarks.md; --update writes it there
`;

const args = argumentsOf();
if (args.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}

const names = args.only ?? GROUPS;
const unknown = names.find((name) => !GROUPS.includes(name));
if (unknown !== undefined) {
  process.stderr.write(`There is no group ${unknown}; there are ${GROUPS.join(', ')}.\n`);
  process.exit(2);
}

if (args.update && (args.smoke || args.only)) {
  process.stderr.write('--update writes the whole page, so it goes neither with --smoke nor with --only.\n');
  process.exit(2);
}

const asText = !args.json && !args.markdown && !args.update;
if (asText) process.stdout.write(`${machine()}\n`);
const groups = [];
for (const name of names) groups.push(await runGroup(name));
if (args.json)
  process.stdout.write(
    `${JSON.stringify({ machine: machine(), groups: groups.map(plainGroup) }, null, 2)}\n`,
  );
if (args.markdown) process.stdout.write(section(groups));
if (args.update) {
  const page = readFileSync(PAGE, 'utf8');
  writeFileSync(
    PAGE,
    page.replace(SECTION, (_, begin, end) => `${begin}${section(groups)}${end}`),
  );
}

function argumentsOf() {
  const flag = { type: 'boolean' };
  const only = { type: 'string', multiple: true };
  try {
    return parseArgs({ options: { only, smoke: flag, json: flag, markdown: flag, update: flag, help: flag } })
      .values;
  } catch (error) {
    process.stderr.write(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
}

async function runGroup(name) {
  const { title, tables } = await import(`./groups/${name}.mjs`);
  const options = args.smoke ? SMOKE : FULL;
  const folder = mkdtempSync(join(tmpdir(), 'stele-bench-'));
  const measured = [];
  if (asText) process.stdout.write(`\n=== ${title}\n`);
  try {
    for await (const table of tables({ folder, smoke: options.smoke })) {
      const progress = (done) => showProgress(`${table.title}: ${Math.round(done * 100)} %`);
      measured.push(await measure(table, { ...options, random: seeded(SEED), progress }));
      showProgress('');
      if (asText) process.stdout.write(`${terminalTable(measured.at(-1))}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { name, title, tables: measured };
}

function showProgress(line) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}

function section(measured) {
  const bars = markdownBars(measured.flatMap(({ tables }) => tables));
  const tables = measured.map((group) =>
    [`### ${group.title}`, ...group.tables.map(markdownTable)].join('\n\n'),
  );
  return `\n${machine()}.\n\n### Bars\n\n${bars}\n\n${tables.join('\n\n')}\n\n`;
}

function plainGroup({ name, title, tables }) {
  return { name, title, tables: tables.map(plain) };
}
