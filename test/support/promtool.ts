/** Prometheus' own checker of rules: `STELE_PROMTOOL`, or `promtool` on the path. */
import { spawnSync } from 'node:child_process';

const command = process.env.STELE_PROMTOOL ?? 'promtool';

/** True when it is there. Use as `describe.skipIf(!havePromtool)`. */
export const havePromtool = spawnSync(command, ['--version']).status === 0;

/** Runs it. */
export function promtool(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}
