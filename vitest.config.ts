import { defineConfig } from 'vitest/config';
import projects from './vitest.workspace.ts';

export default defineConfig({
  test: {
    projects,
    // Most suites wait for disks, servers and processes: one worker for each processor does not crowd it.
    maxWorkers: '100%',
    globalSetup: ['./test/support/announce-skips.ts'],
    coverage: { provider: 'v8', include: ['packages/*/src/**'] },
  },
});
