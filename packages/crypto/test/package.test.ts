/** The package as it is shipped: both module systems, both platforms, the README. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
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
    const files = readdirSync(`${packageFolder}/dist`).filter((name) => /\.c?js$/.test(name));
    expect(files).toContain('index.js');
    for (const name of [...files, 'provider/node.js', 'provider/node.cjs']) {
      expect(packageText(`dist/${name}`), name).not.toContain('@noble');
    }
  });

  it('knows its own errors and signers, whichever entry made them', () => {
    const program = `
      const key = generateKeyPairSync('ed25519').privateKey;
      const error = await n.readKeyFile('no such file', 'x').catch((reason) => reason);
      const refused = await k.kmsSealer({ client: { send() {} }, keyId: 'x' })
        .open(new Uint8Array(1), new Uint8Array(1)).catch((reason) => reason);
      const signer = n.signerFromKeyObject(key);
      console.log([error, refused].every((each) => each instanceof c.CryptoError), c.toSigner(signer) === signer);`;
    const names = { c: '@stele/crypto', n: '@stele/crypto/node', k: '@stele/crypto/kms' };
    const load = (how: (name: string, from: string) => string) =>
      Object.entries(names)
        .map(([name, from]) => how(name, from))
        .join('\n');
    const esm = load((name, from) => `import * as ${name} from '${from}';`);
    const cjs = load((name, from) => `const ${name} = require('${from}');`);
    const outputs = [
      run(`${esm} import { generateKeyPairSync } from 'node:crypto'; ${program}`, '--input-type=module'),
      run(
        `${cjs} const { generateKeyPairSync } = require('node:crypto'); (async () => {${program}})();`,
        '--input-type=commonjs',
      ),
    ];
    expect(outputs).toEqual(['true true', 'true true']);
  });

  it('has no part of the AWS SDK but where a KMS is asked', async () => {
    const { outputFiles } = await build({
      stdin: { contents: "export * from '@stele/crypto/kms';", resolveDir: packageFolder },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'neutral',
      conditions: ['browser'],
      external: ['@aws-sdk/*'],
      logLevel: 'silent',
    });
    const code = outputFiles[0]?.text ?? '';
    expect(code.match(/import\(["']@aws-sdk\/client-kms["']\)/g)).toHaveLength(1);
    expect(code).not.toMatch(/from ["']@aws-sdk|node:|require\(/);
    for (const name of ['dist/index.js', 'dist/node.js', 'dist/kms.d.ts']) {
      expect(packageText(name)).not.toMatch(/(?:from|import\() ?["']@aws-sdk/);
    }
  });

  it('runs the README', async () => {
    const { result } = (await runReadme(packageFolder)) as { result: Record<string, unknown> };
    expect(result).toMatchObject({ valid: true, revoked: 1 });
    expect(result.did).toMatch(/^did:key:z6Mk/);
  });
});
