/** The packed extension, and that its parts fit together. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { extname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from '@stele/ccl';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeVsix } from '../scripts/vsix.mjs';
import { type Unpacked, unpack } from './support/unpacked.js';

const host = fileURLToPath(new URL('support/inert-host.cjs', import.meta.url));

let unpacked: Unpacked;
// biome-ignore lint/suspicious/noExplicitAny: what JSON.parse gives
let manifest: any;

beforeAll(() => {
  unpacked = unpack();
  manifest = JSON.parse(unpacked.files['extension/package.json']!);
});

afterAll(() => unpacked.remove());

const fileOf = (path: string) => unpacked.files[posix.join('extension', path)];
const jsonOf = (path: string) => JSON.parse(fileOf(path)!);

describe('the package', () => {
  it('is the same for the same files', () => {
    expect(Buffer.from(makeVsix()).equals(Buffer.from(makeVsix()))).toBe(true);
  });

  it('is written by the script', () => {
    const file = join(unpacked.folder, 'packed.vsix');
    const script = fileURLToPath(new URL('../scripts/vsix.mjs', import.meta.url));
    const { status, stdout } = spawnSync(process.execPath, [script, file], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, expect.stringMatching(/packed\.vsix, \d+ KiB\n$/)]);
    expect(readFileSync(file).equals(Buffer.from(makeVsix()))).toBe(true);
  });

  it('holds what the manifest names', () => {
    const { main, bin, contributes } = manifest;
    const named = [main, ...Object.values<string>(bin)];
    for (const { configuration } of contributes.languages) named.push(configuration);
    for (const { path } of contributes.grammars) named.push(path);
    expect(named).toHaveLength(4);
    for (const path of named)
      expect([path, fileOf(path)?.length]).toEqual([path, expect.toSatisfy((n) => n > 100)]);
  });

  it('has one language, with its grammar, and wakes up for nothing else', () => {
    const { languages, grammars } = manifest.contributes;
    expect(languages).toMatchObject([{ id: 'ccl', extensions: ['.ccl'] }]);
    expect(grammars).toMatchObject([{ language: 'ccl', scopeName: jsonOf(grammars[0].path).scopeName }]);
    expect(manifest.activationEvents).toEqual(['onLanguage:ccl']);
  });

  it('names the oldest editor whose types it was checked with', () => {
    const own = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    expect(manifest.engines.vscode).toBe(`^${own.devDependencies['@types/vscode']}`);
  });

  it('says the same in both manifests, and has a type for each file', () => {
    const xml = unpacked.files['extension.vsixmanifest']!;
    const { name, version, publisher, engines } = manifest;
    expect(xml).toContain(`Id="${name}" Version="${version}" Publisher="${publisher}"`);
    expect(xml).toContain(`Id="Microsoft.VisualStudio.Code.Engine" Value="${engines.vscode}"`);
    for (const [, path] of xml.matchAll(/<Asset [^>]*Path="([^"]*)"/g))
      expect(unpacked.files).toHaveProperty([path!]);
    const types = unpacked.files['[Content_Types].xml'];
    for (const file of Object.keys(unpacked.files)) {
      if (file !== '[Content_Types].xml') expect(types).toContain(`Extension="${extname(file)}"`);
    }
  });

  it('holds all it needs, and names whose work that is', () => {
    expect(Object.keys(manifest)).not.toContain('dependencies');
    for (const path of ['dist/extension.cjs', 'dist/server.cjs']) {
      const required = [...fileOf(path)!.matchAll(/\brequire\(["']([^"']+)["']\)/g)].map(([, name]) => name!);
      expect(required.filter((name) => !isBuiltin(name) && name !== 'vscode')).toEqual([]);
      expect(required).not.toHaveLength(0);
    }
    const notices = fileOf('THIRD-PARTY-NOTICES.txt');
    for (const name of ['vscode-languageclient', 'vscode-languageserver', 'vscode-jsonrpc', 're2js'])
      expect(notices).toMatch(new RegExp(`^${name} \\d`, 'm'));
    expect(fileOf('LICENSE.txt')).toContain('Apache License');
  });
});

describe('the language configuration', () => {
  it('has the comments, brackets and words of the language', () => {
    const { comments, brackets, wordPattern } = jsonOf(manifest.contributes.languages[0].configuration);
    expect(parse(`${comments.lineComment} (`).comments).toHaveLength(1);
    expect(brackets).toEqual([
      ['(', ')'],
      ['[', ']'],
    ]);
    const words = 'not_in args.x-y >= -2.5 permit'.match(new RegExp(wordPattern, 'g'));
    expect(words).toEqual(['not_in', 'args', 'x-y', '-2.5', 'permit']);
  });
});

/** Runs the extension from its start to its end, in an editor that does nothing. */
function runExtension(version: string) {
  const script = `
    const { activate, deactivate } = require('./extension/${manifest.main}');
    const asAbsolutePath = (path) => require('node:path').resolve('extension', path);
    activate({ asAbsolutePath }).then(() => process.stdout.write('active')).then(deactivate)
      .then(() => process.exit(0), (error) => { process.stderr.write(error.message); process.exit(2); });`;
  const env = { ...process.env, VSCODE_VERSION: version };
  return spawnSync(process.execPath, ['-e', script], { cwd: unpacked.folder, env, encoding: 'utf8' });
}

describe('the extension', () => {
  beforeAll(() => {
    mkdirSync(join(unpacked.folder, 'node_modules/vscode'), { recursive: true });
    cpSync(host, join(unpacked.folder, 'node_modules/vscode/index.js'));
  });

  it('starts the server, and stops it', () => {
    expect(runExtension('1.91.0')).toMatchObject({ status: 0, stdout: 'active' });
  });

  it('does not start in an older editor, nor without its server', () => {
    expect(runExtension('1.80.0')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('1.91.0'),
    });
    rmSync(join(unpacked.folder, 'extension/dist/server.cjs'));
    expect(runExtension('1.91.0')).toMatchObject({ status: 2, stdout: '' });
  });
});
