// Replays every trace of a folder under the covenant written for it. Usage: node src/main.mjs <folder>
import { replayAll } from './replay.mjs';

const [folder] = process.argv.slice(2);

if (folder === undefined) {
  process.stderr.write('name the folder of the traces: node src/main.mjs <folder>\n');
  process.exitCode = 2;
} else {
  const heading = [
    'file',
    'calls',
    'permitted',
    'denied',
    'approval',
    'malformed',
    'attacks',
    'stopped',
    'µs',
  ];
  for (const row of [heading, ...(await replayAll(folder))]) {
    const cells = row.map((cell, i) => (i === 0 ? String(cell).padEnd(32) : String(cell).padStart(10)));
    process.stdout.write(`${cells.join('')}\n`);
  }
  process.stdout.write('stopped: attack calls denied + left to a person; µs: median time of a decision\n');
}
