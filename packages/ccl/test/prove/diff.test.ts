import { describe, expect, it } from 'vitest';
import { compile, diff, equivalent } from '../../src/index.js';
import { expectFound } from './support/differences.js';

const compare = (before: string, after: string) => diff(compile(before), compile(after));

describe('diff', () => {
  it.each([
    ['', '', []],
    ['permit a on /x', 'permit a on /x\ndeny b on /x', []],
    ['permit a on /x', 'permit a on /x\nlimit a 5 per day\nrequire mfa on /x', []],
    ['permit a on /x', 'permit a on /x\nlimit a 5 of n per day', ['newlyDenied']],
    ['permit a on /x when n = 1', 'permit a on /x when n in [1]', []],
    ['permit a on /**', 'permit a on /\npermit a on /*/**', []],
    ['', 'permit a on /x', ['newlyPermitted']],
    ['permit a on /x', '', ['newlyDenied']],
    ['permit a on /x', 'permit a on /y', ['newlyPermitted', 'newlyDenied']],
    ['permit a on /x when n < 1', 'permit a on /x when n <= 1', ['newlyPermitted']],
    ['permit a on /x\ndeny a on /x when n = 1', 'permit a on /x when n != 1', []],
    [
      'permit a on /x\ndeny a on /x when n = 1',
      'permit a on /x when not has n or n != 1',
      ['newlyPermitted'],
    ],
    ["permit a on 'https://HOST/x'", '', []],
    ['permit a on /x when s matches "a"', 'permit a on /x when not not s matches "a"', []],
  ])('from %j to %j finds %j', (before, after, found) => {
    const difference = compare(before, after);
    expect(Object.keys(difference).sort()).toEqual([...found].sort());
    expectFound(compile(before), compile(after), difference);
  });
});

describe('equivalent', () => {
  it.each<[string, string, boolean | 'unknown']>([
    ['', '', true],
    ['permit a on /x', 'permit a on /x\ndeny b on /x', true],
    ['permit a on /x', 'permit a on /x\nlimit a 5 per day', false],
    ['permit a on /x', 'permit a on /x\nrequire mfa on /x', false],
    ['permit a on /x\nlimit a 5 per day', 'permit a on /x\nlimit a 5 per day\nlimit a 6 per day', true],
    ['permit a on /x\nlimit a 5 per hour', 'permit a on /x\nlimit a 5 per 60 minutes', true],
    ['permit a on /x\nlimit a 5 per hour', 'permit a on /x\nlimit a 5 per 2 hours', false],
    ['permit a on /x\nlimit a 5 per day', 'permit a on /**\ndeny a on /\ndeny a on /*/*/**', false],
    ['permit a on /x', 'permit b on /x', false],
    ['permit a on /**', 'permit a on /\npermit a on /*/**', true],
    ['deny ** on **', '', true],
    ['permit a on /x\nrequire mfa on /x\nrequire mfa on **', 'permit a on /x\nrequire mfa for a on /x', true],
  ])('%j and %j: %j', (left, right, expected) => {
    expect(equivalent(compile(left), compile(right))).toBe(expected);
    expect(equivalent(compile(right), compile(left))).toBe(expected);
  });
});
