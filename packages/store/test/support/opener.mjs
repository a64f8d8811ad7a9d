// A thread that opens and closes new databases at the same moment as its siblings; sends what went wrong.
// workerData: { barrier, threads, rounds, folder, driver }
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { SqliteKeyRing, SqliteLimits, SqliteStore } from '@stele/store';

const { barrier, threads, rounds, folder, driver } = workerData;
const arrived = new Int32Array(barrier);
const failures = [];
for (let round = 1; round <= rounds; round++) {
  const kind = [SqliteStore, SqliteLimits, SqliteKeyRing][round % 3];
  Atomics.add(arrived, 0, 1);
  while (Atomics.load(arrived, 0) < threads * round);
  try {
    await new kind(join(folder, String(round)), { driver }).close();
  } catch (error) {
    failures.push(`${error.code}: ${error.message}`);
  }
}
parentPort.postMessage(failures);
