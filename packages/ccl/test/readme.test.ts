import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runReadme } from '../../../test/support/readme.js';

const folder = fileURLToPath(new URL('..', import.meta.url));

describe.skipIf(!existsSync(`${folder}/dist/index.js`))('the README', () => {
  it('begins with an example that runs as pasted', async () => {
    const { decision } = await runReadme(folder);
    expect(decision).toMatchObject({
      permitted: true,
      limits: [{ cost: 150, amount: 5000 }],
      obligations: [{ name: 'human.approval' }],
    });
  });
});
