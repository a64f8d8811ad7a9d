/** The package as it is shipped: both module systems, both platforms, the README. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { runReadme } from '../../../test/support/readme.js';
import { packageFolder, packageText } from './support.js';

const built = existsSync(`${packageFolder}/dist/index.js`);

/** What the program prints, run on the built package. */
function run(program: string, ...flags: string[]): string {
  return execFileSync(process.execPath, [...flags, '-e', program], {
    cwd: packageFolder,
    encoding: 'utf8',
  }).trim();
}

const work = `
  const pair = await c.keyPairFromPrivateKey(new Uint8Array(32).fill(1));
  const signature = await c.sign(new Uint8Array(3), pair.privateKey);
  const sealed = await c.aeadSeal(new Uint8Array(32), new Uint8Array(3), new Uint8Array(1));
  const opened = await c.aeadOpen(new Uint8Array(32), sealed, new Uint8Array(1));
  console.log(JSON.stringify([pair.did, c.toHex(signature), await c.verify(new Uint8Array(3), signature, pair.publicKey),
    c.toHex(opened), c.sha256('a'), c.randomBytes(5).length]));`;

describe.skipIf(!built)('the built package', () => {
  it('does the same by import and require, on Node.js and as a browser would load it', () => {
    const esm = `import * as c from '@stele/crypto';${work}`;
    const cjs = `const c = require('@stele/crypto'); (async () => {${work}})();`;
    const outputs = [
      run(esm, '--input-type=module'),
      run(cjs, '--input-type=commonjs'),
      run(esm, '--input-type=module', '--conditions=browser'),
      run(cjs, '--input-type=commonjs', '--conditions=worker'),
    ];
    expect(outputs[0]).toContain('did:key:z6Mk');
    expect(new Set(outputs).size).toBe(1);
  });

  it.each([['browser'], ['worker'], ['workerd'], []])(
    'bundled under the condition %s holds no node: import',
    async (...conditions) => {
      const result = await build({
        stdin: { contents: "export * from '@stele/crypto';", resolveDir: packageFolder },
        bundle: true,
        write: false,
        format: 'esm',
        platform: 'neutral',
        mainFields: ['module', 'main'],
        conditions: [...conditions],
        logLevel: 'silent',
      });
      const code = result.outputFiles[0]?.text ?? '';
      expect(code).toContain('getRandomValues');
      expect(code).not.toMatch(/node:|require\(/);
    },
  );

  it('on Node.js loads no pure-JavaScript cryptography', () => {
    const code = packageText('dist/index.js') + packageText('dist/provider/node.js');
    expect(code).not.toContain('@noble');
  });

  it('runs the README', async () => {
    const { result } = (await runReadme(packageFolder)) as { result: Record<string, unknown> };
    expect(result).toMatchObject({ valid: true, revoked: 1 });
    expect(result.did).toMatch(/^did:key:z6Mk/);
  });
});
