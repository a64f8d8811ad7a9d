import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runReadme } from '../../../test/support/readme.js';

it('runs the example of the README', async () => {
  const { logger } = await runReadme(fileURLToPath(new URL('..', import.meta.url)));
  expect(logger).toMatchObject({ level: 'info' });
});
