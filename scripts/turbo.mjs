// Runs turbo with its telemetry and update check off (turbo.json turns the remote cache off), from any folder, and passes its exit code on.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { root } from './lib/run.mjs';

const turbo = createRequire(import.meta.url).resolve('turbo/bin/turbo');
const { status, error } = spawnSync(process.execPath, [turbo, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
  },
});
if (error) throw error;
process.exit(status ?? 1);
