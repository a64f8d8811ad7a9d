import { chmodSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { clock } from '../src/lib/doctor/clock.js';
import { optionalPart, versions } from '../src/lib/doctor/parts.js';
import { DAY, managerAt } from './ring-support.js';
import { Folder, stele, steleJson } from './support.js';

const folder = new Folder();
const given = folder.passphrase();

/** What the doctor found, by name. */
async function found(...argv: string[]) {
  const { code, json } = await steleJson(['doctor', ...argv]);
  const findings = Object.fromEntries(
    json.findings.map(({ name, ...rest }: { name: string }) => [name, rest]),
  );
  return { code, ok: json.ok, findings };
}

describe('doctor', () => {
  it('finds a sound installation sound', async () => {
    const { code, ok, findings } = await found();
    expect([code, ok]).toEqual([0, true]);
    expect(findings).toMatchObject({ node: { ok: true }, ed25519: { ok: true }, clock: { ok: true } });
    expect(Object.keys(findings)).toEqual(
      expect.arrayContaining([
        'stele',
        'sodium-native',
        'better-sqlite3',
        'node:sqlite',
        '@aws-sdk/client-kms',
      ]),
    );
    const { out } = await stele(['doctor']);
    expect(out).toMatch(/✓ ed25519 +node:crypto/);
  });

  it('finds a ring and a key file in order, without a passphrase', async () => {
    const { path, did } = await folder.ring('ring');
    await stele(['keygen', '--out', folder.at('owner.key'), ...given]);
    const { code, findings } = await found('--ring', path, '--key', folder.at('owner.key'));
    expect(code).toBe(0);
    expect(findings).toMatchObject({ 'key ring': { ok: true }, 'key file': { ok: true }, key: { ok: true } });
    expect(findings['active key'].message).toContain(did);
  });

  it.runIf(process.platform !== 'win32')('finds what others may open', async () => {
    const { path } = await folder.ring('open');
    chmodSync(path, 0o755);
    chmodSync(`${path}/1.json`, 0o640);
    const { code, findings } = await found('--ring', path);
    expect(code).toBe(1);
    expect(findings).toMatchObject({ 'key ring': { ok: false }, 'key ring files': { ok: false } });
    const { file } = await folder.key('open.jwk');
    chmodSync(file, 0o604);
    expect((await found('--key', file)).findings['key file'].ok).toBe(false);
  });

  it('finds a key in clear, and a file that holds none', async () => {
    const { file } = await folder.key('clear.jwk');
    expect(await found('--key', file)).toMatchObject({ code: 1, findings: { key: { ok: false } } });
    const none = folder.writeSecret('none.key', 'secret');
    const { code, findings } = await found('--key', none);
    expect([code, findings.key.ok]).toEqual([1, false]);
    expect(JSON.stringify(findings)).not.toContain('secret');
    expect(await found('--key', folder.at('nowhere'))).toMatchObject({
      code: 1,
      findings: { 'key file': { ok: false } },
    });
  });

  it('finds a key that is due, a ring that is none, and a clock that went back', async () => {
    await managerAt(folder.at('due'), 91);
    expect(await found('--ring', folder.at('due'))).toMatchObject({
      code: 1,
      findings: { 'active key': { ok: false } },
    });
    expect((await found('--ring', folder.at('due'), '--max-age', '100d')).code).toBe(0);
    await managerAt(folder.at('future'), -2);
    expect((await found('--ring', folder.at('future'))).findings['clock and ring'].ok).toBe(false);
    expect((await found('--ring', folder.at('nowhere'))).findings['key ring history'].ok).toBe(false);
    expect((await steleJson(['doctor', '--max-age', 'old'])).json.error.code).toBe('usage');
  });
});

describe('doctor --tools', () => {
  const adapters = JSON.stringify(import.meta.resolve('@stele/sdk/adapters'));
  const module = (name: string, text: string) =>
    folder.write(
      name,
      `import { withSteleTools } from ${adapters};
const tool = { inputSchema: {}, execute: async () => 1 };
const guarded = withSteleTools({ pay: tool, read: tool }, { monitor: {} });
${text}`,
    );
  const toolFindings = async (name: string, text: string) => {
    const { code, findings } = await found('--tools', module(name, text));
    const about = Object.entries(findings).filter(([key]) => key.startsWith('tool'));
    return [code, Object.fromEntries(about)];
  };

  it('finds tools that are all guarded in order, though the module never ends and prints', async () => {
    const text = 'console.log("hello"); setInterval(() => {}, 1_000); export const tools = guarded;';
    const fine = { tools: { ok: true, message: '2, each behind a guard' } };
    expect(await toolFindings('guarded.mjs', text)).toEqual([0, fine]);
    expect(await toolFindings('default.mjs', 'export default [guarded.pay, guarded.read];')).toEqual([
      0,
      fine,
    ]);
    expect(await toolFindings('each.mjs', 'export const { pay, read } = guarded;')).toEqual([0, fine]);
  });

  it('names those that could run without a decision', async () => {
    const [code, findings] = await toolFindings(
      'open.mjs',
      'export const tools = { ...guarded, admin: tool, swapped: { ...guarded.pay, execute: tool.execute } };',
    );
    expect(code).toBe(1);
    expect(findings).toEqual({
      'tool admin': { ok: false, message: 'its execute is not guarded' },
      'tool swapped': { ok: false, message: 'its execute is not guarded' },
    });
    expect((await toolFindings('none.mjs', 'export const tools = [];'))[0]).toBe(1);
    expect(
      await toolFindings('helper.mjs', 'export const pay = guarded.pay; export const help = () => 1;'),
    ).toEqual([1, { 'tool help': { ok: false, message: 'it is no tool' } }]);
  });

  it.each([
    ['is not there', undefined],
    ['does not load', 'throw new Error("no such thing")'],
    ['ends the process', 'process.exit(0)'],
    ['exports a Map', 'export const tools = new Map([["pay", tool]]);'],
    ['throws what is none', 'throw null'],
  ])('says so of a module that %s', async (_, text) => {
    const path = text === undefined ? folder.at('nowhere.mjs') : module('bad.mjs', text);
    const { code, json } = await steleJson(['doctor', '--tools', path]);
    expect([code, json.error.code]).toEqual([2, 'tools_unreadable']);
  });
});

describe('the parts of a doctor', () => {
  const now = Date.UTC(2027, 0, 1);

  it('tell a clock that can be right from one that cannot', () => {
    expect(clock(now, now).ok).toBe(true);
    for (const [wall, run] of [
      [0, 0],
      [Date.UTC(2020, 0, 1), Date.UTC(2020, 0, 1)],
      [Date.UTC(2200, 0, 1), Date.UTC(2200, 0, 1)],
      [Number.NaN, now],
      [now, now - DAY],
      [now, now + DAY],
    ] as const)
      expect(clock(wall, run).ok).toBe(false);
  });

  it('tell a Node.js that is too old', () => {
    const ok = (node: string) => versions('1.0.0', node).at(-1)?.ok;
    expect(['20.19.0', '22.0.0', '100.1.0'].map(ok)).toEqual([true, true, true]);
    expect(['20.18.9', '18.20.0', '0.12.0'].map(ok)).toEqual([false, false, false]);
  });

  it('tell what is absent from what is broken', async () => {
    expect(await optionalPart('@stele/of-nobody', 'x')).toMatchObject({ ok: true, message: 'not there (x)' });
    expect(await optionalPart('node:of-nobody', 'x')).toMatchObject({ ok: true, message: 'not there (x)' });
    expect(await optionalPart('node:fs', 'x')).toMatchObject({ ok: true, message: 'there (x)' });
    const broken = folder.write('broken.mjs', 'throw new Error("no such library")');
    expect((await optionalPart(broken, 'x')).ok).toBe(false);
  });
});
