import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runReadme } from '../../../test/support/readme.js';

it('the first example of the README runs', async () => {
  const { result } = await runReadme(fileURLToPath(new URL('..', import.meta.url)));
  expect(result).toMatchObject({ alive: true });
});
