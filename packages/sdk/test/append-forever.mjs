// Appends to a record of decisions until it is killed, and prints the number of each acknowledged entry.
import { writeSync } from 'node:fs';
import { FileSink } from '@stele/sdk';

const sink = await FileSink.open(process.argv[2]);
const entry = { v: 1, kind: 'outcome', time: '2026-11-21T03:00:00.000Z', of: 0, outcome: 'done' };
const forever = async () => {
  for (;;) writeSync(1, `${(await sink.append(entry)).seq}\n`);
};
await Promise.all(Array.from({ length: 8 }, forever));
