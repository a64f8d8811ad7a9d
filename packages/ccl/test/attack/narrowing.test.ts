import { describe, expect, it } from 'vitest';
import { analyze, checkNarrowing, compile, evaluate } from '../../src/index.js';

const lines = (...statements: string[]) => statements.join('\n');
const narrowing = (child: string, parent: string) => checkNarrowing(compile(child), compile(parent));

/** Refuted by a request that shows what it should. */
function expectRefuted(child: string, parent: string): void {
  const result = narrowing(child, parent);
  if (result.narrows !== false) throw new Error(`no refutation: ${JSON.stringify(result)}`);
  const { counterexample, missing } = result;
  expect(evaluate(compile(child), counterexample).permitted).toBe(true);
  expect(evaluate(compile(parent), counterexample).permitted).toBe(missing !== undefined);
}

describe('characters that no pattern names', () => {
  const but = (pattern: string, denied: readonly string[]) =>
    lines(`permit a on '${pattern}'`, ...denied.map((other) => `deny a on '${other}'`));

  it('finds the one kind that keeps a segment from being a scheme', () => {
    const child = but('/*AB:', ['* *', '*_*', '*%*', '*:*:', '0*', '2*', '5*', '.*']);
    expect(evaluate(compile(child), { action: 'a', resource: '/1AB:' }).permitted).toBe(true);
    expectRefuted(child, '');
    expect(analyze(compile(child))).toEqual([]);
  });

  it('finds a first character that is neither letter, digit nor named', () => {
    const named = [...'0123456789+-.% _:'];
    expectRefuted(but('/*AB:', ['*:*:', '* *', '*_*', ...named.map((first) => `${first}*`)]), '');
  });

  it.each(['{', '!', '~', 'é'])(
    'finds a host or segment of none of the letters, though %s is one',
    (character) => {
      const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-'];
      const child = but(
        '/x/*',
        letters.map((letter) => `/x/*${letter}*`),
      );
      expect(evaluate(compile(child), { action: 'a', resource: `/x/${character}` }).permitted).toBe(true);
      expectRefuted(child, '');
    },
  );

  it('finds a host without letters and digits, or says that it does not know', () => {
    const letters = [...'abcdefghijklmnopqrstuvwxyz0123456789_-.'];
    const child = but(
      'https://*/**',
      letters.map((letter) => `https://*${letter}*/**`),
    );
    expect(evaluate(compile(child), { action: 'a', resource: 'https://!/x' }).permitted).toBe(true);
    expect(narrowing(child, '').narrows).not.toBe(true);
    expect(analyze(compile(child)).filter(({ line }) => line === 1)).toEqual([]);
  });
});

describe('URLs that people write', () => {
  it.each([
    ['http://localhost:*/**', 'http://localhost:8080/**'],
    ['https://*:8080/**', 'https://api.example.com:8080/**'],
    ['https://*.example.com:*/**', 'https://*.example.com:8443/**'],
    ['https://*.example.com/**', 'https://api.example.com/**'],
    ['https://127.0.0.1:*/**', 'https://127.0.0.1:80*/**'],
    ['https://[::1]:*/**', 'https://[::1]:8080/**'],
    ['https://192.168.*/**', 'https://192.168.0.1/**'],
    ['https://*.*/**', 'https://*.com/**'],
    ['wss://*/socket', 'wss://example.com/socket'],
    ['ftp://*/pub/*', 'ftp://example.com/pub/*'],
    ['https://**', 'http*://**/x'],
    ['s3://bucket/**', 's3://bucket/a/**'],
    ['file:///home/**', 'file:///home/bob/**'],
    ['mailto:*', 'mailto:*@example.com'],
  ])('%s is more than %s', (child, parent) =>
    expectRefuted(`permit a on '${child}'`, `permit a on '${parent}'`),
  );

  it.each([
    'https://example.com/a b/**',
    'https://example.com/users/{id}/**',
    'https://*.example.com/*{id}*/**',
    'https://*@*/**',
    'https://user:secret@example.com/**',
    'https://*. /**',
    'https://*.:80/**',
    'https://%*/**',
    'https://*-EU.example.com/**',
  ])('%s is no canonical URL', (resource) => {
    const child = `permit a on '${resource}'`;
    expect(narrowing(child, '')).toEqual({ narrows: true });
    expect(analyze(compile(child)).map(({ kind }) => kind)).toEqual(['dead']);
  });

  // Every character that a URL parser takes must stay possible.
  it.each([
    ...Array.from({ length: 95 }, (_, at) => `https://a${String.fromCharCode(32 + at)}b/x`),
    ...Array.from({ length: 95 }, (_, at) => `https://ab/x${String.fromCharCode(32 + at)}y`),
    ...[
      '[::1]',
      '[2001:db8::1]:1',
      '[::ffff:102:304]',
      'a:0',
      'a:1',
      'a:65535',
      '.a',
      'a..b',
      '-',
      '127.0.0.1',
    ].map((host) => `https://${host}/x`),
  ])('a glob reaches %s wherever a request may name it', (resource) => {
    if (/[*'/]/.test(resource.slice(8).replace('/', ''))) return;
    const child = compile("permit a on 'https://*/*'");
    if (!evaluate(child, { action: 'a', resource }).permitted) return;
    const parent = lines("permit a on 'https://*/*'", `deny a on '${resource}'`);
    expectRefuted("permit a on 'https://*/*'", parent);
    const [, host, path] = /^https:\/\/(.*)\/(.*)$/.exec(resource)!;
    for (const glob of [`https://${host}*/${path}`, `https://${host}/*${path}`]) {
      expect(narrowing(`permit a on '${glob}'`, '').narrows).not.toBe(true);
    }
  });
});

describe('limits of which one may keep another', () => {
  const IMPOSSIBLE = "s matches '^[a-b]$' and s matches '^[c-d]$'";
  const permits = lines("permit a on '/x/**'", `permit a on '/y/**' when ${IMPOSSIBLE}`);
  const inner = ["limit a on '/x/**' 5 per day", "limit a on '/y/**' 5 per day"];
  const parent = lines('permit a on **', 'limit a 5 per day');

  it.each([
    ['the first', inner],
    ['the last', inner.toReversed()],
  ])('does not refute by what %s does not count while another is in doubt', (_, limits) => {
    expect(narrowing(lines(permits, ...limits), parent).narrows).toBe('unknown');
  });

  it('refutes when each is known not to count something', () => {
    const child = lines("permit a on '/x/**'", "permit a on '/y/**'", ...inner);
    expect(narrowing(child, parent)).toMatchObject({ narrows: false, missing: 'limit' });
  });
});
