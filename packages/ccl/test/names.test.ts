import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isValidAction, normalizeResource } from '../src/index.js';
import { splitAction, splitActionPattern, splitResourcePattern } from '../src/lib/names.js';

describe('requested actions', () => {
  it.each(['a', 'A.b', 'a:b-c_d.0', '5', 'a'.repeat(511), 'a'.repeat(512)])('%s', (text) =>
    expect(isValidAction(text)).toBe(true),
  );

  it.each([
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    'a*',
    '*',
    'a/b',
    'a b',
    ' a',
    'a\n',
    'é',
    'a\u0000',
    'a'.repeat(513),
  ])('not %j', (text) => expect(isValidAction(text)).toBe(false));

  it.each([undefined, null, 5, ['a'], {}, new String('a')])('not %j, which is no string', (value) => {
    expect(isValidAction(value as string)).toBe(false);
  });
});

describe('requested resources', () => {
  it.each([
    ['', []],
    ['/', []],
    ['///', []],
    ['a', ['a']],
    ['/a/b/', ['a', 'b']],
    ['//a///b', ['a', 'b']],
    ['*', ['*']],
    ['/a/**', ['a', '**']],
    ['/...', ['...']],
    ['/a b/é😀', ['a b', 'é😀']],
    ['/%41%2', ['%41%2']],
    ['https://host', ['https:', 'host']],
    ['https://host/', ['https:', 'host']],
    ['https://host/a/', ['https:', 'host', 'a']],
    ['/https://host/a', ['https:', 'host', 'a']],
    ['///https://host/a', ['https:', 'host', 'a']],
    ['https://host:8443/a', ['https:', 'host:8443', 'a']],
    ['https://[::1]/a', ['https:', '[::1]', 'a']],
    ['http://127.0.0.1/', ['http:', '127.0.0.1']],
    ['file:///etc/hosts', ['file:', 'etc', 'hosts']],
    ['s3://b/k', ['s3:', 'b', 'k']],
    ['s3://b', ['s3:', 'b']],
    ['spiffe://example.org/x', ['spiffe:', 'example.org', 'x']],
    ['urn:x:y', ['urn:x:y']],
    ['user:123', ['user:123']],
    ['C:/x', ['C:', 'x']],
    ['a/https://HOST', ['a', 'https:', 'HOST']],
    ['1a://HOST', ['1a:', 'HOST']],
    ['x'.repeat(4095), ['x'.repeat(4095)]],
    ['x'.repeat(4096), ['x'.repeat(4096)]],
    ['/'.repeat(4096), []],
  ])('%s', (text, segments) => expect(normalizeResource(text)).toEqual(segments));

  it.each([
    '.',
    '..',
    '/./a',
    '/a/..',
    'a/../b',
    '/a\\b',
    '\\',
    '/a\u0000',
    '/\u001f',
    '/\u007f',
    '/\n',
    '/\ud800',
    '/\udc00a',
    '/%2e',
    '/a%2E',
    '/%2fa',
    '/%2F',
    '/%5c',
    '/%5C',
    'x'.repeat(4097),
    '/'.repeat(4097),
    'https://HOST/x',
    'HTTPS://host/x',
    'https://host:443/x',
    'http://host:80',
    'https:internal/x',
    'https:/host/x',
    'https:///host/x',
    'https:////host',
    'https:',
    'https://',
    '//https://HOST/x',
    '/https:host/x',
    ' https://host/x',
    '/ https://HOST/x',
    ' /https://HOST/x',
    'https://host/x ',
    'https://host /x',
    'https://user@host/x',
    'https://@host/x',
    'https://user:pw@host/',
    'https://:pw@host/',
    'https://host/x?',
    'https://host/x?y=1',
    'https://host/#',
    'https://host#x',
    'https://evil.com?.corp.com/x',
    'https://host./x',
    'https://host..',
    's3://b./k',
    'https://0x7f.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://h\u00f6st/',
    'https://ho\u3002st/',
    'https://host/\u00e9',
    'https://host/a b',
    'https://host:99999/',
    'https://ho%73t/',
    'https://[::1',
    'https://[0:0:0:0:0:0:0:1]/',
    'file:/etc/hosts',
    'file:x',
    'user:a#b',
    'urn:x?y',
    'Urn:x',
    's3://u@b/k',
  ])('not %j', (text) => expect(normalizeResource(text)).toBeUndefined());

  it.each([undefined, null, 5, ['/a'], { toString: () => '/a' }])('not %j, which is no string', (value) => {
    expect(normalizeResource(value as string)).toBeUndefined();
  });
});

describe('patterns', () => {
  it.each(['a', '*', '**', 'a.**.b', 'a*b*c.*', 'a'.repeat(512)])('of actions: %s', (text) =>
    expect(splitActionPattern(text)).toEqual(text.split('.')),
  );

  it.each(['', 'a.', 'a..b', 'a**', '**a.b', 'a.***', 'a/b', 'a'.repeat(513)])('not of actions: %j', (text) =>
    expect(splitActionPattern(text)).toBeUndefined(),
  );

  it.each([
    ['/', []],
    ['//a/*/**', ['a', '*', '**']],
    ['https://HOST/**', ['https:', 'HOST', '**']],
    ['x'.repeat(4096), ['x'.repeat(4096)]],
  ])('of resources: %s', (text, segments) => expect(splitResourcePattern(text)).toEqual(segments));

  it.each(['/a**', '/a/***', '/**b/c', '/a/..', '/a\\b', 'x'.repeat(4097)])('not of resources: %j', (text) =>
    expect(splitResourcePattern(text)).toBeUndefined(),
  );
});

describe('the two ways to write the same rules', () => {
  const characters = fc.constantFrom(
    ...'aZ09_-:.*/\\%#? é😀\ud800\udc00\u0000\u001f\u007f\u0080~@',
    '%2e',
    '%2F',
    '..',
    '//',
  );
  const texts = fc.array(characters, { maxLength: 8 }).map((parts) => parts.join(''));
  const parts = (text: string, separator: string) => text.split(separator).filter((part) => part !== '');

  it('agree on actions', () => {
    const property = fc.property(texts, (text) => {
      const isWellFormed = /^[A-Za-z0-9_:-]+(\.[A-Za-z0-9_:-]+)*$/.test(text);
      expect(isValidAction(text)).toBe(isWellFormed);
      expect(splitAction(text)).toEqual(isWellFormed ? text.split('.') : undefined);
    });
    fc.assert(property, { numRuns: 20_000 });
  });

  it('agree on action patterns', () => {
    const property = fc.property(texts, (text) => {
      const isWellFormed =
        /^[A-Za-z0-9_:*-]+(\.[A-Za-z0-9_:*-]+)*$/.test(text) &&
        text.split('.').every((part) => part === '**' || !part.includes('**'));
      expect(splitActionPattern(text)).toEqual(isWellFormed ? text.split('.') : undefined);
    });
    fc.assert(property, { numRuns: 20_000 });
  });

  it('agree on resources and their patterns, but for schemes', () => {
    let wellFormed = 0;
    const property = fc.property(texts, (text) => {
      const isWellFormed =
        !/[\\\p{Cc}\p{Cs}]/u.test(text.replace(/[\u0080-\u009f]/g, '')) &&
        !/%2e|%2f|%5c/i.test(text) &&
        !parts(text, '/').some((part) => part === '.' || part === '..');
      const hasScheme = /^[ /]*[A-Za-z][A-Za-z0-9+.-]+:/.test(text);
      const segments = isWellFormed ? parts(text, '/') : undefined;
      if (!hasScheme) expect(normalizeResource(text)).toEqual(segments);
      else if (!isWellFormed) expect(normalizeResource(text)).toBeUndefined();
      const isStarred = !parts(text, '/').every((part) => part === '**' || !part.includes('**'));
      expect(splitResourcePattern(text)).toEqual(isStarred ? undefined : segments);
      if (isWellFormed) wellFormed++;
    });
    fc.assert(property, { numRuns: 20_000 });
    expect(wellFormed).toBeGreaterThan(1000);
  });
});
