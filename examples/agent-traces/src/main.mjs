// Scores the covenants of the roles on recorded calls. Usage: npm run score -w examples/agent-traces -- --traces DIR [--json] [--show]
import { parseArgs } from 'node:util';
import { score } from './score.mjs';

const HELP = `usage: npm run score -w examples/agent-traces -- --traces DIR [--json] [--show]

  --traces DIR  a folder of recorded calls: .jsonl files, one call a line
  --json        figures for machines
  --show        name every call of an attack that passed, and every other call that did not
`;

/** @param {number} part @param {number} whole */
const percent = (part, whole) => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`);

/** @param {readonly string[]} cells */
const row = ([name = '', ...figures]) =>
  `${name.padEnd(12)}${figures.map((cell) => cell.padStart(24)).join('')}\n`;

/** @param {{ call: import('./traces.mjs').Call, permitted: boolean, code: string, suite: string }} verdict */
function show({ call, permitted, code, suite }) {
  if (permitted === !call.is_attack) return;
  const what = call.is_attack ? 'passed' : code;
  process.stderr.write(
    `${suite} ${call.trace} ${call.tool} ${JSON.stringify(call.arguments).slice(0, 160)}: ${what}\n`,
  );
}

async function main() {
  const { values } = parseArgs({
    options: {
      traces: { type: 'string' },
      json: { type: 'boolean' },
      show: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return process.stdout.write(HELP);
  if (values.traces === undefined) throw new Error('name the folder of the recordings: --traces DIR');
  const scores = await score(values.traces, values.show ? show : undefined);
  if (values.json) return process.stdout.write(`${JSON.stringify(scores, null, 2)}\n`);
  process.stdout.write(row(['role', 'attack calls denied', 'of those that write', 'other calls permitted']));
  for (const [suite, s] of Object.entries(scores))
    process.stdout.write(
      row([
        suite,
        `${s.attack_denied}/${s.attack_total} ${percent(s.attack_denied, s.attack_total)}`,
        `${s.attack_write_denied}/${s.attack_write_total} ${percent(s.attack_write_denied, s.attack_write_total)}`,
        `${s.benign_permitted}/${s.benign_total} ${percent(s.benign_permitted, s.benign_total)}`,
      ]),
    );
  return true;
}

main().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
  process.exitCode = 2;
});
