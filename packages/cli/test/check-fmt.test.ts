import { beforeAll, describe, expect, it } from 'vitest';
import { Folder, RULES, stele, steleJson } from './support.js';

const folder = new Folder();
let rules: string;
const refund = (...flags: string[]) => ['check', rules, 'payments.refund', '/orders/7', ...flags];
const eur = ['--arg', 'currency=EUR'];

beforeAll(() => {
  rules = folder.write('rules.ccl', RULES);
});

describe('check', () => {
  it('permits, and shows which line did', async () => {
    const { code, json } = await steleJson(refund(...eur, '--arg', 'amount=50'));
    expect(code).toBe(0);
    expect(json).toMatchObject({
      permitted: true,
      decision: 'permit',
      code: 'permitted',
      matched: [{ line: 2 }],
    });
    expect(json.limits).toMatchObject([{ line: 4, cost: 50, amount: 500, remaining: 450 }]);
  });

  it.each([
    ['a deny that applies', ['--arg', 'amount=50', '--arg', 'currency=USD'], 'denied_by_rule'],
    ['a deny that cannot be ruled out', ['--arg', 'amount=50'], 'denied_by_rule'],
    ['no permit', [...eur, '--arg', 'amount=201'], 'no_matching_permit'],
    ['text where a number belongs', [...eur, '--arg', 'amount="50"'], 'no_matching_permit'],
    ['an approval that is awaited', [...eur, '--arg', 'amount=150'], 'obligation_pending'],
  ])('exits with 1 for %s', async (_, flags, expected) => {
    const { code, json } = await steleJson(refund(...flags));
    expect([code, json.permitted, json.code]).toEqual([1, false, expected]);
  });

  it.each([
    ['payments..refund', '/orders/7'],
    ['payments.refund', '/orders/../7'],
    ['payments.refund', '/orders/%2e%2e'],
    ['', '/orders/7'],
  ])('calls %j on %j malformed', async (action, resource) => {
    const { code, json } = await steleJson(['check', rules, action, resource]);
    expect([code, json.code]).toEqual([1, 'malformed_request']);
  });

  it('denies what a budget could never hold', async () => {
    const budget = folder.write('budget.ccl', 'permit pay on **\nlimit pay 100 of args.amount per day\n');
    const { code, json } = await steleJson(['check', budget, 'pay', '/', '--arg', 'amount=101']);
    expect([code, json.code, json.matched[0].line]).toEqual([1, 'limit_exceeded', 2]);
    expect((await steleJson(['check', budget, 'pay', '/'])).json.code).toBe('limit_unmeasurable');
  });

  it('takes action and resource as options too', async () => {
    const argv = ['check', rules, '--action', 'orders.read', '--resource', '/orders/1'];
    expect((await stele(argv)).code).toBe(0);
    expect((await stele(['check', rules, 'orders.read', '--resource', '/orders/1'])).code).toBe(0);
  });

  it('reads the context of a file or of standard input, and lays arguments over it', async () => {
    const context = JSON.stringify({ args: { amount: 500, currency: 'EUR' } });
    const file = folder.write('context.json', context);
    expect((await stele(refund('--context', file))).code).toBe(1);
    expect((await stele(refund('--context', file, '--arg', 'amount=5'))).code).toBe(0);
    expect((await stele(refund('--context', '-', '--arg', 'amount=5'), context)).code).toBe(0);
  });

  it('takes a whole request, as other commands print it', async () => {
    const text = JSON.stringify({
      action: 'payments.refund',
      resource: '/orders/7',
      context: { args: { currency: 'EUR', amount: 5 } },
    });
    expect((await stele(['check', rules, text])).code).toBe(0);
    expect((await stele(['check', rules, '--request', folder.write('request.json', text)])).code).toBe(0);
    expect((await stele(['check', '-', text], RULES)).code).toBe(0);
    expect((await stele(['check', rules, text, '--arg', 'amount=201'])).code).toBe(1);
    const huge = text.replace('5', '1e300').replace('EUR', '\\ud800');
    expect((await steleJson(['check', rules, huge])).json.code).toBe('denied_by_rule');
    expect((await steleJson(['check', rules, text, '/orders/7'])).json.error.code).toBe('usage');
  });

  it('takes __proto__ for a name like any other', async () => {
    const { code, json } = await steleJson(refund('--arg', '__proto__={"amount":5,"currency":"EUR"}'));
    expect([code, json.code]).toEqual([1, 'denied_by_rule']);
  });

  it.each([
    ['no resource', () => ['check', rules, 'orders.read'], 'usage'],
    ['an action twice', () => ['check', rules, 'a', '/', '--action', 'b'], 'usage'],
    ['a resource twice', () => ['check', rules, 'a', '/', '--resource', '/'], 'usage'],
    ['an argument without =', () => refund('--arg', 'amount'), 'usage'],
    ['a context that is a list', () => refund('--context', folder.write('list.json', '[]')), 'not_json'],
    [
      'args that are no object',
      () => refund('--context', folder.write('a.json', '{"args":1}'), '--arg', 'a=1'),
      'usage',
    ],
    ['standard input twice', () => ['check', '-', 'a', '/', '--context', '-'], 'usage'],
    ['trust for bare rules', () => refund('--trust', 'did:key:z6Mk'), 'usage'],
    ['an option that is not known', () => refund('--force'), 'usage'],
    ['rules with a mistake', () => ['check', folder.write('bad.ccl', 'permit'), 'a', '/'], 'ccl_syntax'],
    ['no such file', () => ['check', folder.at('none.ccl'), 'a', '/'], 'file_unreadable'],
  ])('exits with 2 for %s', async (_, argv, expected) => {
    const { code, json } = await steleJson(argv());
    expect([code, json.error.code]).toEqual([2, expected]);
  });

  it('verifies a signed covenant before it judges', async () => {
    const { file, did } = await folder.key('owner.jwk');
    const covenant = folder.at('covenant.json');
    await stele(['sign', rules, '--key', file, '--beneficiary', did, '--out', covenant]);
    const ask = ['orders.read', '/orders/1'];
    expect((await stele(['check', covenant, ...ask, '--trust', did])).code).toBe(0);
    const untrusted = await steleJson(['check', covenant, ...ask, '--trust', 'did:key:z6MkOther']);
    expect([untrusted.code, untrusted.json.code]).toEqual([1, 'covenant_invalid']);
    const changed = folder.write(
      'changed.json',
      folder.read('covenant.json').replace('orders.read', 'orders.*'),
    );
    expect((await steleJson(['check', changed, ...ask])).json.code).toBe('covenant_invalid');
  });

  it('shows no character of a stranger that moves the cursor', async () => {
    const { out } = await stele(['check', rules, '\u001b[2Jorders', '/\u202ex']);
    expect([...out].filter((c) => (c < ' ' && c !== '\n') || c === '\u202e')).toEqual([]);
  });
});

describe('fmt', () => {
  const messy = 'PERMIT  a   on /x   # why\n';
  const neat = 'permit a on /x # why\n';

  it('prints the canonical form', async () => {
    expect(await stele(['fmt', folder.write('messy.ccl', messy)])).toMatchObject({ code: 0, out: neat });
    expect(await stele(['fmt', '-'], messy)).toMatchObject({ code: 0, out: neat });
  });

  it('checks, and names the files that differ', async () => {
    const files = [folder.write('messy.ccl', messy), folder.write('neat.ccl', neat)];
    const { code, out } = await stele(['fmt', '--check', ...files]);
    expect(code).toBe(1);
    expect(out).toContain('messy.ccl');
    expect(out).not.toContain('neat.ccl');
    expect((await stele(['fmt', '--check', files[1] as string])).code).toBe(0);
    expect(folder.read('messy.ccl')).toBe(messy);
  });

  it('writes', async () => {
    expect((await stele(['fmt', '--write', folder.write('messy.ccl', messy)])).code).toBe(0);
    expect(folder.read('messy.ccl')).toBe(neat);
  });

  it('goes on past a file with a mistake, and exits with 2', async () => {
    const bad = folder.write('bad.ccl', 'permit a on');
    const { code, json } = await steleJson(['fmt', bad, folder.write('messy.ccl', messy)]);
    expect(code).toBe(2);
    expect(json).toMatchObject({
      files: [{ formatted: false, text: neat }],
      errors: [{ code: 'ccl_syntax' }],
    });
    expect(folder.read('bad.ccl')).toBe('permit a on');
  });

  it.each([
    [['fmt']],
    [['fmt', '--write', '-']],
    [['fmt', '--write', '--check', 'x.ccl']],
    [['fmt', 'none.ccl']],
  ])('exits with 2 for %j', async (argv) => {
    expect((await stele(argv)).code).toBe(2);
  });
});
