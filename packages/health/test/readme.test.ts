import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { runReadme } from '../../../test/support/readme.js';

it('the first example of the README runs', async () => {
  const said = vi.spyOn(console, 'log').mockImplementation(() => {});
  const { report } = await runReadme(fileURLToPath(new URL('..', import.meta.url)));
  expect(report).toMatchObject({ status: 'healthy', version: '1.2.3' });
  expect(said.mock.calls.flat()).toEqual([true, true, 'healthy']);
  said.mockRestore();
});
