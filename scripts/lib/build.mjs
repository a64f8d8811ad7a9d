// Builds the packages that have changed.
import { join } from 'node:path';
import { root, run } from './run.mjs';

/**
 * Does nothing with STELE_BUILT=1. Steps of continuous integration say so that run side by side: a build, even one that finds
 * nothing changed, writes the files again that another step is reading.
 * @param {{ label?: string, quietMs?: number }} [progress] what is shown while it takes its time, and after how many milliseconds
 */
export async function build(progress = { label: 'Building packages', quietMs: 3_000 }) {
  if (process.env.STELE_BUILT === '1') return;
  const turbo = join(root, 'scripts/turbo.mjs');
  await run([process.execPath, turbo, 'run', 'build', '--output-logs=errors-only'], progress);
}
