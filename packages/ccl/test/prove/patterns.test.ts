import { describe, expect, it } from 'vitest';
import { checkNarrowing, compile, evaluate } from '../../src/index.js';
import { verdict } from './support/verdict.js';

type Case = [what: string, child: string, parent: string];

const lines = (...statements: string[]) => statements.join('\n');
const ACTION_CHARACTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-:'];
const eachFirst = (end: string, characters = ACTION_CHARACTERS) =>
  characters.map((first) => `permit '${first}${end}' on /`).join('\n');

const CROSSED = 'permit read on /a/*/c';
const CROSSING = `${CROSSED}\ndeny read on /*/b/**`;

describe('patterns of a child that narrows', () => {
  it.each<Case>([
    ['a deny of the overlap alone', `${CROSSED}\ndeny read on /a/b/c`, CROSSING],
    ['a deny of more than the overlap', `${CROSSED}\ndeny ** on '**/b/*'`, CROSSING],
    ['a condition that the deny excludes', `${CROSSED} when env != 'x'`, `${CROSSING} when env = 'x'`],
    [
      'the depths of a tree one by one',
      'permit a on /**',
      'permit a on /\npermit a on /*\npermit a on /*/*/**',
    ],
    ['the lengths of an action', 'permit ** on /', 'permit * on /\npermit *.* on /\npermit *.*.*.** on /'],
    [
      'a segment by where its letter stands',
      "permit a on '/*x*'",
      "permit a on '/x*'\npermit a on '/*x'\npermit a on '/*x*'",
    ],
    ['one letter twice', "permit a on '/a*a'", "permit a on '/a*'\ndeny a on '/*b'\ndeny a on /a"],
    ['a star beside a star', "permit a on '/a*b*c'", "permit a on '/a*c'"],
    ['one segment twice', "permit a on '/**/a/**/a/**'", "permit a on '/**/a/**'\ndeny a on /a"],
    [
      'what the denies of both leave',
      "permit a on '/x*'\ndeny a on '/x*y'",
      "permit a on '/x*'\ndeny a on '/*xy'",
    ],
    ['slashes that count once', 'permit a on /x//y/', "permit a on 'x/y'"],
    ['no segment at all', "permit a on ''", 'permit a on /**'],
    ['every first character of an action', 'permit * on /', eachFirst('*')],
    ['every first character of a first segment', 'permit ** on /', lines(eachFirst('*'), eachFirst('*.**'))],
    [
      'every character after many',
      `permit ${'a'.repeat(511)}* on /`,
      lines(
        `permit ${'a'.repeat(511)} on /`,
        ...ACTION_CHARACTERS.map((last) => `permit '${'a'.repeat(511)}${last}' on /`),
      ),
    ],
    [
      'an action too long to exist',
      `permit ${'a'.repeat(257)}* on /`,
      `permit ** on /\ndeny *${'b'.repeat(256)} on /`,
    ],
    [
      'segments too long to exist',
      `permit ${'a'.repeat(256)}.** on /`,
      `permit ** on /\ndeny **.${'b'.repeat(256)} on /`,
    ],
    [
      'an action with little room left',
      `permit ${'a'.repeat(506)}*.b.** on /`,
      lines(
        `permit ${'a'.repeat(506)}*.b on /`,
        `permit ${'a'.repeat(506)}*.b.* on /`,
        `permit ${'a'.repeat(506)}.b.*.* on /`,
      ),
    ],
  ])('%s', (_what, child, parent) => expect(verdict(child, parent)).toBe('narrows'));
});

describe('patterns of a child that does not', () => {
  it.each<Case>([
    ['an overlap of two crossing globs', CROSSED, CROSSING],
    ['a deny of less than the overlap', `${CROSSED}\ndeny read on /a/b/b`, CROSSING],
    ['a deny under a condition', CROSSED, `${CROSSING} when env = 'prod'`],
    ['a field that may be missing', `${CROSSED} when not has env`, `${CROSSING} when env = 'prod'`],
    ['a field of any type', `${CROSSED} when has env`, `${CROSSING} when env = 'prod'`],
    ['no depth', 'permit a on /**', 'permit a on /*\npermit a on /*/*/**'],
    [
      'one depth',
      'permit a on /**',
      'permit a on /\npermit a on /*\npermit a on /*/*\npermit a on /*/*/*/*/**',
    ],
    ['one length of an action', 'permit ** on /', 'permit * on /\npermit *.*.*.** on /'],
    ['a letter in the middle', "permit a on '/*x*'", "permit a on '/x*'\npermit a on '/*x'"],
    ['an empty run', "permit a on '/a*'", "permit a on '/a*'\ndeny a on /a"],
    ['a star that is a character', 'permit a on /*', "permit a on '/**'\ndeny a on '/a*'"],
    ['one first character', 'permit * on /', eachFirst('*', ACTION_CHARACTERS.slice(0, -1))],
    [
      'one last character',
      `permit ${'a'.repeat(511)}* on /`,
      lines(...ACTION_CHARACTERS.map((last) => `permit '${'a'.repeat(511)}${last}' on /`)),
    ],
    [
      'an action of full length',
      `permit ${'a'.repeat(256)}* on /`,
      `permit ** on /\ndeny *${'b'.repeat(256)} on /`,
    ],
    [
      'segments of full length',
      `permit ${'a'.repeat(256)}.** on /`,
      `permit ** on /\ndeny **.${'b'.repeat(255)} on /`,
    ],
    [
      'characters without end, unlike those of actions',
      'permit a on /*',
      lines(...ACTION_CHARACTERS.map((first) => `permit a on '/${first}*'`)),
    ],
    ['an empty parent', 'permit a on /x', ''],
    ['a parent of denies', 'permit a on /x', 'deny b on /x'],
    ['case', 'permit a on /X', 'permit a on /x'],
    ['characters that look alike', "permit a on '/\u00e9'", "permit a on '/e\u0301'"],
    ['an encoding that is not undone', "permit a on '/%61'", 'permit a on /a'],
  ])('%s', (_what, child, parent) => expect(verdict(child, parent)).toBe('wider'));
});

describe('requests that are malformed are no counterexamples', () => {
  it.each<Case>([
    ['the segment `.`', "permit a on '/.*'\ndeny a on '/.*.'", "permit a on '/.*'\ndeny a on '/*.'"],
    ['the segment `..`', "permit a on '/..*'\ndeny a on '/..*.'", "permit a on '/..*'\ndeny a on '/*..'"],
    ['an encoded dot', "permit a on '/%2*'\ndeny a on '/%2*2e'", "permit a on '/%2*'\ndeny a on '/*2e'"],
    ['an encoded slash', "permit a on '/%2*'\ndeny a on '/%2*2F'", "permit a on '/%2*'\ndeny a on '/*2F'"],
    ['a host in upper case', "permit a on 'https://HOST/**'", ''],
    ['a host that ends in a dot', "permit a on 'https://h./**'", ''],
    ['a default port', "permit a on 'https://h:443/**'", ''],
    ['user information', "permit a on 'https://user@h/**'", ''],
    ['a query', "permit a on 'https://h/?*'", ''],
    ['a space in a URL', "permit a on 'https://h/a b'", ''],
    ['a URL without a host', "permit a on 'https:'", ''],
  ])('%s', (_what, child, parent) => expect(verdict(child, parent)).toBe('narrows'));

  it.each<Case>([
    ['a name that begins with a dot', "permit a on '/.*'", ''],
    [
      'a name of three dots',
      "permit a on '/..*'\ndeny a on '/..*x'",
      "permit a on '/...'\ndeny a on '/...*.'",
    ],
    ['what begins like an encoded dot', "permit a on '/%2*'", ''],
    ['below a host', "permit a on 'https://h/**'", ''],
    ['a host', "permit a on 'https://*/a'", "permit a on 'https://h/**'"],
    ['a path of a URL', "permit a on 'https://h/**'", "permit a on 'https://h/'"],
    ['a URL or a path', 'permit a on /*/h/**', "permit a on 'https://h/**'"],
    ['an opaque URL', "permit a on 'urn:*'", ''],
    ['a drive, which is no URL', "permit a on 'C:/**'", ''],
    ['a scheme deeper down', "permit a on '/x/https:/HOST/*'", ''],
    ['any URL', "permit a on '*:/**'", "permit a on 'C:/**'"],
  ])('%s is a request all the same', (_what, child, parent) => expect(verdict(child, parent)).toBe('wider'));
});

describe('resources up to their longest', () => {
  it.each([
    ['wider', 'that just fit together', 2048, 2048],
    ['narrows', 'that do not fit together', 2049, 2048],
  ])('%s or left open: ends %s', (truth, _what, start, end) => {
    const child = `permit a on '${'a'.repeat(start)}*'`;
    const parent = `permit a on **\ndeny a on '*${'b'.repeat(end)}'`;
    expect([truth, 'unknown']).toContain(verdict(child, parent));
  });

  it('one of 4,096 characters is found', () => {
    expect(verdict(`permit a on 'x${'/*'.repeat(2047)}'`, 'permit a on /x\npermit a on /*/*')).toBe('wider');
    expect(verdict(`permit a on '${'a'.repeat(4092)}/*/*'`, '')).toBe('wider');
    expect(verdict(`permit a on '${'a'.repeat(4096)}'`, `permit a on '${'a'.repeat(4095)}*'`)).toBe(
      'narrows',
    );
  });
});

it('the overlap itself is the counterexample', () => {
  const narrowing = checkNarrowing(compile(CROSSED), compile(CROSSING));
  expect(narrowing).toMatchObject({ narrows: false, counterexample: { action: 'read' } });
  const { resource } = (narrowing as { counterexample: { resource: string } }).counterexample;
  expect(resource.split('/').filter((segment) => segment !== '')).toEqual(['a', 'b', 'c']);
});

describe('hosts, ports and opaque URLs', () => {
  it.each([
    ['https://1*/**', 'https://1.2.3.4/x'],
    ['https://*.1/**', 'https://1.1.1.1/'],
    ['https://0x*/**', 'https://0xg.h/'],
    ['https://a*.0*/**', 'https://a.0b/x'],
    ['https://xn--*/**', 'https://xn--p1ai/'],
    ['https://[*]/**', 'https://[::1]/x'],
    ['https://h:*/**', 'https://h:1/'],
    ['https://*:0/**', 'https://h:0/'],
    ['http://h:80*/**', 'http://h:8080/'],
    ['https://h:443*/*', 'https://h:4430/x'],
    ['https://h/|*', 'https://h/|'],
    ['file:/**', 'file:///x'],
    ['urn:*', 'urn:x'],
    ['mailto:* b', 'mailto:a b'],
    ['a+b:/*', 'a+b:/x'],
    ['data:*,*', 'data:,x'],
    ['https://*/b', 'https://a/b'],
  ])('%s has requests, such as %s', (pattern, resource) => {
    const permit = `permit a on '${pattern}'`;
    expect(evaluate(compile(permit), { action: 'a', resource }).permitted).toBe(true);
    expect(['wider', 'unknown']).toContain(verdict(permit, ''));
    expect(['wider', 'unknown']).toContain(verdict(permit, `${permit}\ndeny a on '${resource}'`));
    expect(['wider', 'unknown']).toContain(verdict(permit, `${permit}\ndeny a on '${resource}/**'`));
  });

  it.each([
    'https://h:00*',
    'https://h:99999*',
    'https://*@*/**',
    'https://%41*/**',
    'https://*..',
    'AB:/H/*',
    'https://é*/**',
  ])('%s has none', (pattern) =>
    expect(['narrows', 'unknown']).toContain(verdict(`permit a on '${pattern}'`, '')),
  );
});
