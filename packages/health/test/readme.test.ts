import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { runReadme } from '../../../test/support/readme.js';

it('the first example of the README runs', async () => {
  const said = vi.spyOn(console, 'log').mockImplementation(() => {});
  const { report } = await runReadme(fileURLToPath(new URL('..', import.meta.url)));
  const fair = expect.stringMatching(/^(?:healthy|degraded)$/); // a busy machine may take longer than 200 ms
  expect(report).toMatchObject({ status: fair, version: '1.2.3' });
  expect(said.mock.calls.flat()).toEqual([true, true, fair]);
  said.mockRestore();
});
