import { keyPairFromPrivateKey, revokeCovenant } from '@stele/sdk';
import { beforeAll, describe, expect, it } from 'vitest';
import { Folder, RULES, stele, steleJson } from './support.js';

const folder = new Folder();
let owner: { file: string; did: string };
let agent: { file: string; did: string };
let rules: string;

const pairOf = (file: string) =>
  keyPairFromPrivateKey(Buffer.from(JSON.parse(folder.read(file.split('/').pop() as string)).d, 'base64url'));

/** Signs into a file of the folder. */
async function signed(name: string, ...flags: string[]): Promise<string> {
  const argv = [
    'sign',
    rules,
    '--key',
    owner.file,
    '--beneficiary',
    agent.did,
    '--out',
    folder.at(name),
    ...flags,
  ];
  const { code, err } = await stele(argv);
  expect([code, err]).toEqual([0, '']);
  return folder.at(name);
}

beforeAll(async () => {
  owner = await folder.key('owner.jwk');
  agent = await folder.key('agent.jwk');
  rules = folder.write('rules.ccl', RULES);
});

describe('sign', () => {
  it('prints a covenant that verifies', async () => {
    const argv = ['sign', rules, '--key', owner.file, '--beneficiary', agent.did, '--expires', '90d'];
    const { code, out } = await stele(argv);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ type: 'SteleCovenant', constraints: RULES });
    const { code: verdict } = await stele(['verify', '-', '--trust', owner.did], out);
    expect(verdict).toBe(0);
  });

  it('carries everything that it is told', async () => {
    const metadata = folder.write('metadata.json', { team: 'payments' });
    await signed(
      'full.json',
      ...['--beneficiary-name', 'refund-agent', '--issuer-name', 'Acme', '--activates', '2026-01-01'],
      ...['--expires', '2096-01-01T12:00:00Z', '--delegation', '2', '--metadata', metadata],
      ...['--countersigner', agent.did],
    );
    expect(JSON.parse(folder.read('full.json'))).toMatchObject({
      issuer: { id: owner.did, name: 'Acme' },
      beneficiary: { id: agent.did, name: 'refund-agent' },
      activatesAt: '2026-01-01T00:00:00Z',
      expiresAt: '2096-01-01T12:00:00Z',
      delegation: { maxDepth: 2 },
      metadata: { team: 'payments' },
      requiredCountersigners: [agent.did],
    });
  });

  it('names who may approve what the rules require', async () => {
    const [ada, ben] = [await folder.key('ada.jwk'), await folder.key('ben.jwk')];
    const text = ['human', 'finance'].map((name) => `require ${name}.approval for a on /`);
    const file = folder.at('approvers.json');
    const { code } = await stele([
      ...['sign', folder.write('two.ccl', text.join('\n')), '--key', owner.file, '--beneficiary', agent.did],
      ...['--approver', ada.did, '--approver', `human.approval=${ben.did}`, '--threshold', '2'],
      ...['--approver', `finance.approval=${ada.did}`, '--out', file],
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(folder.read('approvers.json'))).toMatchObject({
      approvers: {
        'human.approval': { keys: [ada.did, ben.did], threshold: 2 },
        'finance.approval': { keys: [ada.did], threshold: 1 },
      },
    });
    expect((await stele(['verify', file, '--trust', owner.did])).code).toBe(0);
  });

  it.each<[string, () => string[], string]>([
    ['for what the rules do not require', () => ['--approver', `other=${agent.did}`], 'usage'],
    ['for a member of every object', () => ['--approver', `__proto__=${agent.did}`], 'usage'],
    ['that is no did:key', () => ['--approver', 'https://acme.example/ada'], 'covenant_malformed'],
    ['named twice', () => ['--approver', agent.did, '--approver', agent.did], 'covenant_malformed'],
    ['fewer than must sign', () => ['--approver', agent.did, '--threshold', '2'], 'covenant_malformed'],
    ['none, with a threshold', () => ['--threshold', '1'], 'usage'],
    ['with two thresholds', () => ['--approver', agent.did, '--threshold', '1', '--threshold', '1'], 'usage'],
    ['of whom none must sign', () => ['--approver', agent.did, '--threshold', '0'], 'usage'],
    ['with a threshold that is no number', () => ['--approver', agent.did, '--threshold', '1e0'], 'usage'],
  ])('refuses approvers %s', async (_what, more, expected) => {
    const requiring = folder.write('requiring.ccl', 'permit a on /\nrequire human.approval for a on /\n');
    const argv = ['sign', requiring, '--key', owner.file, '--beneficiary', agent.did, ...more()];
    const { code, json } = await steleJson(argv);
    expect([code, json.error.code]).toEqual([2, expected]);
  });

  it('countersigns, once', async () => {
    const covenant = await signed('countersigned.json', '--countersigner', agent.did);
    expect((await stele(['verify', covenant])).code).toBe(1);
    const argv = ['sign', '--countersign', covenant, '--key', agent.file, '--out', covenant];
    expect((await stele(argv)).code).toBe(0);
    expect((await stele(['verify', covenant])).code).toBe(0);
    const { code, json } = await steleJson(argv);
    expect([code, json.error.code]).toEqual([2, 'already_signed']);
  });

  it('says where the rules are wrong', async () => {
    const bad = folder.write('bad.ccl', 'permit a on /x\npermit b on /y when\n');
    const { code, err } = await stele(['sign', bad, '--key', owner.file, '--beneficiary', agent.did]);
    expect(code).toBe(2);
    expect(err).toMatch(/bad\.ccl: line 2, column 20[^\n]*\n\s+permit b on \/y when\n\s+\^/);
  });

  it('writes over nothing that it reads', async () => {
    const { file, did } = await folder.key('kept.jwk');
    const before = folder.read('kept.jwk');
    for (const out of [file, rules]) {
      const { code, json } = await steleJson([
        'sign',
        rules,
        '--key',
        file,
        '--beneficiary',
        did,
        '--out',
        out,
      ]);
      expect([code, json.error.code]).toEqual([2, 'usage']);
    }
    expect([folder.read('kept.jwk'), folder.read('rules.ccl')]).toEqual([before, RULES]);
  });

  it.each([
    ['no rules', () => ['--key', owner.file, '--beneficiary', agent.did], 'usage'],
    ['no beneficiary', () => [rules, '--key', owner.file], 'usage'],
    ['no key', () => [rules, '--beneficiary', agent.did], 'usage'],
    [
      'a key that is not there',
      () => [rules, '--key', folder.at('none'), '--beneficiary', 'a:b'],
      'file_unreadable',
    ],
    [
      'rules that are not there',
      () => [folder.at('none'), '--key', owner.file, '--beneficiary', 'a:b'],
      'file_unreadable',
    ],
    ['both forms', () => [rules, '--countersign', rules, '--key', owner.file], 'usage'],
    [
      'a beneficiary that is no URI',
      () => [rules, '--key', owner.file, '--beneficiary', 'bob'],
      'covenant_malformed',
    ],
    [
      'a time that is none',
      () => [rules, '--key', owner.file, '--beneficiary', 'a:b', '--expires', '2026-02-30'],
      'usage',
    ],
    [
      'an end in the past',
      () => [rules, '--key', owner.file, '--beneficiary', 'a:b', '--expires', '2001-01-01'],
      'span_invalid',
    ],
    [
      'metadata that is a list',
      () => [rules, '--key', owner.file, '--beneficiary', 'a:b', '--metadata', folder.write('l.json', '[]')],
      'not_json',
    ],
    [
      'rules that are not UTF-8',
      () => [folder.write('x.ccl', Uint8Array.of(0xff)), '--key', owner.file, '--beneficiary', 'a:b'],
      'not_utf8',
    ],
    [
      'too many levels',
      () => [rules, '--key', owner.file, '--beneficiary', 'a:b', '--delegation', '99'],
      'covenant_malformed',
    ],
  ])('refuses %s', async (_, argv, expected) => {
    const { code, json } = await steleJson(['sign', ...argv()]);
    expect([code, json.error.code]).toEqual([2, expected]);
  });
});

describe('verify', () => {
  it('names every check', async () => {
    const covenant = await signed('valid.json');
    const { code, json } = await steleJson(['verify', covenant, '--trust', owner.did]);
    expect([code, json.valid, json.checks.length]).toEqual([0, true, 11]);
    const { out } = await stele(['verify', covenant]);
    expect(out).toMatch(/✓ structure/);
  });

  it('looks at trust, time and countersigners as told', async () => {
    const covenant = await signed('told.json', '--expires', '30d');
    expect((await stele(['verify', covenant, '--trust', agent.did])).code).toBe(1);
    expect((await stele(['verify', covenant, '--now', '60d'])).code).toBe(1);
    expect((await stele(['verify', covenant, '--now', '2001-01-01T00:00:00Z'])).code).toBe(1);
    expect((await stele(['verify', covenant, '--countersigner', agent.did])).code).toBe(1);
  });

  it('finds one changed letter', async () => {
    const text = folder.read((await signed('letter.json')).split('/').pop() as string);
    const changed = folder.write('changed.json', text.replace('<= 200', '<= 900'));
    const { code, json } = await steleJson(['verify', changed]);
    expect([code, json.valid]).toEqual([1, false]);
    expect(
      json.checks
        .filter((check: { passed: boolean }) => !check.passed)
        .map((check: { name: string }) => check.name),
    ).toEqual(['id', 'issuer_signature']);
  });

  it.each([
    ['an empty object', '{}'],
    ['a list', '[]'],
    ['a string', '"covenant"'],
    ['a name that comes twice', '{"type":"SteleCovenant","type":"SteleCovenant"}'],
    ['a number that overflows', '{"type":1e999}'],
    ['deep nesting', `${'['.repeat(500)}${']'.repeat(500)}`],
    ['2 MiB', JSON.stringify({ type: 'x'.repeat(2 ** 21) })],
  ])('finds %s invalid in its structure', async (_, text) => {
    const { code, json } = await steleJson(['verify', folder.write('odd.json', text)]);
    expect([code, json.valid, json.checks[0].name, json.checks[0].passed]).toEqual([
      1,
      false,
      'structure',
      false,
    ]);
  });

  it.each([
    ['not JSON', () => folder.write('text.json', 'hello'), 'not_json'],
    ['empty', () => folder.write('empty.json', ''), 'not_json'],
    ['not there', () => folder.at('nothing.json'), 'file_unreadable'],
    ['a folder', () => folder.path, 'file_unreadable'],
  ])('exits with 2 for a file that is %s', async (_, path, expected) => {
    const { code, json } = await steleJson(['verify', path()]);
    expect([code, json.error.code]).toEqual([2, expected]);
  });

  it('follows a chain through the parents given', async () => {
    const root = await signed('root.json', '--delegation', '1');
    const child = folder.at('child.json');
    const argv = [
      'sign',
      rules,
      '--key',
      agent.file,
      '--beneficiary',
      'spiffe://acme/worker',
      '--parent',
      root,
    ];
    expect((await stele([...argv, '--out', child])).code).toBe(0);
    expect((await stele(['verify', child])).code).toBe(1);
    expect((await stele(['verify', child, '--parent', root])).code).toBe(0);
    expect((await stele(['verify', child, '--parent', root, '--trust', owner.did])).code).toBe(0);
    expect((await stele(['verify', child, '--parent', root, '--trust', 'did:key:z6MkOther'])).code).toBe(1);
  });

  it('signs nothing wider than its parent, unless told to', async () => {
    const root = await signed('narrow-root.json', '--delegation', '1');
    const wide = folder.write('wide.ccl', 'permit ** on **\n');
    const argv = ['sign', wide, '--key', agent.file, '--beneficiary', 'a:b', '--parent', root];
    const { code, json } = await steleJson(argv);
    expect([code, json.error.code]).toEqual([2, 'wider_than_parent']);
    expect((await stele([...argv, '--allow-wider', '--out', folder.at('wide.json')])).code).toBe(0);
    const verified = await steleJson(['verify', folder.at('wide.json'), '--parent', root]);
    expect([verified.code, verified.json.checks.at(-1).warning]).toEqual([0, true]);
    const denied = await steleJson(['check', folder.at('wide.json'), 'files.delete', '/x', '--parent', root]);
    expect([denied.code, denied.json.code]).toEqual([1, 'no_matching_permit']);
  });

  it('heeds revocations, also those that nobody can read', async () => {
    const covenant = await signed('revoked.json');
    const other = await signed('other.json');
    const document = JSON.parse(folder.read('revoked.json'));
    const revocation = await revokeCovenant(document, { reason: 'lost', signer: await pairOf(owner.file) });
    const file = folder.write('revocation.json', revocation);
    expect((await stele(['verify', covenant, '--revocation', file])).code).toBe(1);
    expect((await stele(['verify', other, '--revocation', file])).code).toBe(0);
    const { code, json } = await steleJson([
      'verify',
      covenant,
      '--revocation',
      folder.write('odd.json', '{}'),
    ]);
    expect([code, json.checks[7].code]).toEqual([1, 'revocation_unknown']);
    const byStranger = await revokeCovenant(document, { reason: 'spite', signer: await pairOf(agent.file) });
    expect(
      (await stele(['verify', covenant, '--revocation', folder.write('spite.json', byStranger)])).code,
    ).toBe(0);
  });
});
