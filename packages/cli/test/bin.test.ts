/** The built command, as a process of its own. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runModule, runReadme, tsBlock } from '../../../test/support/readme.js';
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

  it('says how to install what a gateway needs, and loads it for nothing else', () => {
    const { status, stdout, stderr } = spawn(['tools', 'pin', '--out', 'pins.json', '--', 'server']);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('@modelcontextprotocol/sdk is not installed');
    expect(stderr).toContain('npm install @modelcontextprotocol/sdk@1');
  });

  it('reads standard input', () => {
    const { status, stdout } = spawn(['fmt', '-'], 'PERMIT a on /x');
    expect([status, stdout]).toEqual([0, 'permit a on /x\n']);
  });
});

describe('help', () => {
  const commands = [
    ...['keygen', 'sign', 'verify', 'check', 'fmt', 'test', 'replay', 'reissue', 'doctor'],
    ...['mcp-gateway', 'tools pin', 'tools diff'],
    ...['init', 'list', 'rotate', 'continuity', 'revoke', 'export-public', 'import', 'crl'].map(
      (name) => `keys ${name}`,
    ),
    ...['verify', 'stats', 'copy', 'reencrypt'].map((name) => `store ${name}`),
    ...['check', 'fmt', 'explain', 'diff', 'narrow', 'analyze'].map((name) => `ccl ${name}`),
    ...['tail', 'show', 'verify', 'export', 'prove', 'erase', 'witness'].map((name) => `audit ${name}`),
  ];
  it.each(commands)('of %s has an example, and says what --json does', async (name) => {
    const { code, out, err } = await stele([...name.split(' '), '--help']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(`$ stele ${name}`);
    expect(out).toContain('--json');
    const [group, member] = name.split(' ') as [string, string?];
    const asked = member === undefined ? ['help', group] : [group, 'help', member];
    expect((await stele(asked)).out).toBe(out);
  });

  it.each(commands.filter((name) => /^ccl|^test/.test(name)))('of %s shows what runs', async (name) => {
    const place = new Folder();
    for (const file of ['rules.ccl', 'rules.ccl.orig', 'delegate.ccl', 'owner.ccl']) place.write(file, RULES);
    mkdirSync(place.at('rules'));
    place.write('rules/refund.ccl', 'permit a on /x\n');
    const request = { action: 'a', resource: '/x' };
    const cases = [{ name: 'one', request, expect: 'permit' }];
    place.write('rules/refund.ccl.test.json', { covenant: './refund.ccl', cases });
    const { out } = await stele([...name.split(' '), '--help']);
    const examples = [...out.matchAll(/^ {2}\$ (stele .*)$/gm)].map(([, example]) => example as string);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const { status, stderr } = shell(example, place);
      expect(stderr).toBe('');
      expect([0, 1]).toContain(status);
    }
  });

  it('comes with exit code 2 where no command is named', async () => {
    for (const argv of [[], ['ccl'], ['keys'], ['store'], ['audit']]) {
      const { code, err } = await stele(argv);
      expect(code).toBe(2);
      expect(err).toContain('Usage: stele');
    }
    expect((await steleJson([])).json.error.code).toBe('usage');
    expect((await steleJson(['ccl'])).json.error.code).toBe('usage');
    expect((await steleJson(['ccl', 'chekc'])).json.error.message).toContain('Did you mean check?');
  });

  it.each([
    ['--help'],
    ['ccl', '--help'],
    ['ccl', 'check', 'rules.ccl'],
    ['ccl', 'fmt', 'rules.ccl'],
    ['check', 'rules.ccl', 'orders.read', '/orders/1'],
    ['test', '--help'],
  ])('and rules wait for no cryptography: %s %s', (...argv) => {
    folder.write('rules.ccl', RULES);
    const script = `
      const { run } = await import(${JSON.stringify(pathToFileURL(`${packageFolder}/dist/index.js`).href)});
      const sink = { write: () => true };
      const code = await run(${JSON.stringify(argv)}, { stdin: [], stdout: sink, stderr: sink });
      console.log(code, process.moduleLoadList.filter((name) => /crypto$|sqlite$/.test(name)).join());`;
    const options = { cwd: folder.path, encoding: 'utf8' } as const;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], options);
    expect(stdout.replace(/NativeModule internal[^,\n]*,?/g, '').trim()).toBe('0');
  });
});

/** Runs a script with the built command on its path. */
function shell(script: string, place: Folder) {
  const shim = place.write(
    'stele',
    `#!/bin/sh\nexec '${process.execPath}' '${packageFolder}/${manifest.bin.stele}' "$@"\n`,
  );
  chmodSync(shim, 0o755);
  const env = { ...process.env, PATH: `${place.path}:${process.env.PATH}` };
  return spawnSync('sh', ['-e', '-c', script], { cwd: place.path, env, encoding: 'utf8' });
}

describe('the README', () => {
  const readme = readFileSync(`${packageFolder}/README.md`, 'utf8');

  it.skipIf(process.platform === 'win32')(
    'has commands that run as pasted, one block after the other',
    () => {
      const scripts = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, script]) => script as string);
      const place = new Folder();
      const ran = scripts.map((script) => shell(script, place));
      expect(ran.map(({ stderr }) => stderr)).toEqual(['', '', '']);
      // The first ends with a denial, the second with a difference.
      expect(ran.map(({ status }) => status)).toEqual([1, 1, 0]);
      const [first, rules, tests] = ran.map(({ stdout }) => stdout) as [string, string, string];
      expect(first).toContain('permit  permitted');
      expect(first).toContain('no_matching_permit');
      const shown = /^```\n(newly permitted:[\s\S]*?)^```$/m.exec(readme)?.[1] as string;
      // Which request shows the difference is the prover's own choice.
      const anyRequest = (text: string) => text.replace(/'\{.*\}'/g, 'REQUEST');
      expect(anyRequest(rules)).toContain(anyRequest(shown));
      expect(tests).toContain('3 of 3 as expected');
    },
  );

  it('has a first example that runs', async () => {
    const { verdicts } = await runReadme(packageFolder);
    expect(verdicts).toEqual([0, 1]);
  });

  it('has an example of a test that runs', async () => {
    const { undecided } = await runModule(tsBlock(readme, 1), packageFolder);
    expect(undecided).toMatchObject([{ line: 2, kind: 'deny' }]);
  });
});
