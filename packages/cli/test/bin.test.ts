/** The built command, as a process of its own. */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runReadme } from '../../../test/support/readme.js';
import { Folder, RULES, stele, steleJson } from './support.js';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(`${packageFolder}/package.json`, 'utf8'));
const folder = new Folder();

function spawn(argv: readonly string[], input = '') {
  const bin = `${packageFolder}/${manifest.bin.stele}`;
  return spawnSync(process.execPath, [bin, ...argv], { input, encoding: 'utf8', cwd: folder.path });
}

describe('the command as a process', () => {
  it('has help, a version and the exit codes of the run', () => {
    expect(spawn(['--version'])).toMatchObject({ status: 0, stdout: `${manifest.version}\n`, stderr: '' });
    expect(spawn(['--help'])).toMatchObject({ status: 0, stderr: '' });
    expect(spawn(['nonsense']).status).toBe(2);
    folder.write('rules.ccl', RULES);
    expect(spawn(['check', 'rules.ccl', 'orders.read', '/orders/1']).status).toBe(0);
    expect(spawn(['check', 'rules.ccl', 'orders.write', '/orders/1']).status).toBe(1);
  });

  it('reads standard input', () => {
    const { status, stdout } = spawn(['fmt', '-'], 'PERMIT a on /x');
    expect([status, stdout]).toEqual([0, 'permit a on /x\n']);
  });
});

describe('help', () => {
  it.each(['keygen', 'sign', 'verify', 'check', 'fmt', 'replay'])(
    'of %s has an example, and says what --json does',
    async (name) => {
      const { code, out, err } = await stele([name, '--help']);
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain(`$ stele ${name}`);
      expect(out).toContain('--json');
      expect((await stele(['help', name])).out).toBe(out);
    },
  );

  it('comes with exit code 2 where no command is named', async () => {
    const { code, err } = await stele([]);
    expect(code).toBe(2);
    expect(err).toContain('Usage: stele');
    expect((await steleJson([])).json.error.code).toBe('usage');
  });
});

describe('the README', () => {
  it.skipIf(process.platform === 'win32')('has commands that run as pasted', () => {
    const script = /^```sh\n([\s\S]*?)^```$/m.exec(
      readFileSync(`${packageFolder}/README.md`, 'utf8'),
    )?.[1] as string;
    const shim = folder.write(
      'stele',
      `#!/bin/sh\nexec '${process.execPath}' '${packageFolder}/${manifest.bin.stele}' "$@"\n`,
    );
    chmodSync(shim, 0o755);
    const env = { ...process.env, PATH: `${folder.path}:${process.env.PATH}` };
    const { status, stdout, stderr } = spawnSync('sh', ['-e', '-c', script], {
      cwd: folder.path,
      env,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout).toContain('permit  permitted');
    expect(stdout).toContain('no_matching_permit');
    expect(status).toBe(1);
  });

  it('has a first example that runs', async () => {
    const { verdicts } = await runReadme(packageFolder);
    expect(verdicts).toEqual([0, 1]);
  });
});
