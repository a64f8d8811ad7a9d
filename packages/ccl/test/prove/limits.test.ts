import { describe, expect, it } from 'vitest';
import { verdict } from './support/verdict.js';

const PERMIT = 'permit a.* on **';
const with_ = (...limits: string[]) => [PERMIT, ...limits].join('\n');

describe('a limit of the parent is kept', () => {
  it.each([
    ['by itself', 'limit a.b 10 per hour', 'limit a.b 10 per hour'],
    ['by a smaller one', 'limit a.b 9 per hour', 'limit a.b 10 per hour'],
    ['by a longer window', 'limit a.b 10 per 61 minutes', 'limit a.b 10 per hour'],
    ['by equal windows of other units', 'limit a.b 10 per 3600 seconds', 'limit a.b 10 per hour'],
    ['by windows that divide it', 'limit a.b 2 per 12 minutes', 'limit a.b 10 per hour'],
    ['by windows that do not divide it', 'limit a.b 2 per 13 minutes', 'limit a.b 10 per hour'],
    ['by a broader pattern', 'limit ** 10 per hour', 'limit a.b on /x/** 10 per hour'],
    ['by a pattern that covers what is permitted', 'limit a.* 10 per hour', 'limit ** 10 per hour'],
    ['by one of several', 'limit a.b 100 per hour\nlimit a.b 10 per hour', 'limit a.b 10 per hour'],
    ['by a budget of its field', 'limit a.b 0.1 of n per minute', 'limit a.b 0.3 of n per 3 minutes'],
    [
      'by one budget for two',
      'limit ** 5 of n per hour',
      'limit a.b 5 of n per hour\nlimit a.c 6 of n per hour',
    ],
    ['where it counts nothing', '', 'limit b.* 1 per hour'],
    ['where it counts nothing deeper', '', 'limit a.b.c 1 per hour'],
  ])('%s', (_what, own, bound) => expect(verdict(with_(own), with_(bound))).toBe('narrows'));
});

describe('a limit of the parent is lacking', () => {
  it.each([
    ['when dropped', '', 'limit a.b 10 per hour'],
    ['when raised', 'limit a.b 11 per hour', 'limit a.b 10 per hour'],
    ['when its window is shorter', 'limit a.b 10 per 59 minutes', 'limit a.b 10 per hour'],
    ['when windows that do not divide it add up', 'limit a.b 2 per 11 minutes', 'limit a.b 10 per hour'],
    ['when its pattern is narrower', 'limit a.b on /x/** 10 per hour', 'limit a.b 10 per hour'],
    ['when requests are counted for a sum', 'limit a.b 5 per hour', 'limit a.b 5 of n per hour'],
    [
      'when a budget is raised by little',
      'limit a.b 0.1 of n per minute',
      'limit a.b 0.29999999999999993 of n per 3 minutes',
    ],
    ['when one of two is kept', 'limit a.b 10 per hour', 'limit a.b 10 per hour\nlimit a.c 5 per hour'],
  ])('%s', (_what, own, bound) => {
    const measured = with_(own).replace(PERMIT, `${PERMIT} when n >= 0`);
    expect(verdict(measured, with_(bound))).toBe('lacks a limit');
  });

  // No single request shows it: each is counted by one of the child's limits, but by neither are all.
  it.each([
    [
      'by patterns',
      'limit a.* on /x/** 5 per hour\nlimit a.b 5 per hour',
      'limit a.b on /x/** 5 per hour\nlimit a.* on /x/** 5 per hour',
      'narrows',
    ],
    [
      'by resources',
      'limit a.* on / 5 per hour\nlimit a.* on /*/** 5 per hour',
      'limit a.* 5 per hour',
      'lacks a limit',
    ],
    [
      'by smaller amounts',
      'limit a.* on / 1 per hour\nlimit a.* on /*/** 1 per hour',
      'limit a.* 5 per hour',
      'lacks a limit',
    ],
  ])('when several only together count as much: %s', (_what, own, bound, expected) =>
    expect(verdict(with_(own), with_(bound))).toBe(expected),
  );
});

describe('what cannot be measured is denied', () => {
  const budget = 'limit a.b 5 of n per hour';
  it.each([
    ['wider', 'the parent alone measures', PERMIT, with_(budget)],
    ['wider', 'a negative cost', `${PERMIT} when n < 0`, with_(budget)],
    ['wider', 'a missing cost', `${PERMIT} when not has n`, with_(budget)],
    ['wider', 'a cost of another type', `${PERMIT} when n = '5'`, with_(budget)],
    ['wider', 'the child measures another field', with_('limit a.b 5 of m per hour'), with_(budget)],
    ['narrows', 'the child measures, too', with_('limit ** 5 of n per hour'), with_(budget)],
    ['narrows', 'the child measures alone', with_(budget), PERMIT],
    ['narrows', 'the child measures what is never a number', `permit a.b on ** when n = 'x'\n${budget}`, ''],
    ['narrows', 'the child measures what is never there', `permit a.b on ** when not has n\n${budget}`, ''],
    ['narrows', 'the child measures what is below zero', `permit a.b on ** when n < 0\n${budget}`, ''],
    ['wider', 'zero is a cost', `permit a.b on ** when n <= 0\n${budget}`, ''],
    [
      'narrows',
      'a measured number is a number',
      `permit a.b on **\n${budget}`,
      'permit a.b on ** when n >= 0',
    ],
    [
      'wider',
      'a measured number may be great',
      `permit a.b on **\n${budget}`,
      'permit a.b on ** when n <= 5',
    ],
    [
      'narrows',
      'a measured field is no object',
      `permit a.b on **\n${budget}`,
      'permit a.b on ** when not has n.m',
    ],
    [
      'narrows',
      'another action is measured',
      'permit a.b on ** when x = 1',
      'permit a.b on **\nlimit a.c 1 of n per hour',
    ],
  ])('%s: %s', (truth, _what, child, parent) => expect(verdict(child, parent)).toBe(truth));

  it('leaves no request that could break the parent’s limit', () => {
    const child = `permit a.b on ** when n = 'x'`;
    expect(verdict(`${child}\nlimit a.b 1 of n per hour`, `${child}\nlimit a.b 1 per hour`)).toBe('narrows');
    expect(verdict(child, `${child}\nlimit a.b 1 per hour`)).toBe('lacks a limit');
  });
});

describe('an obligation of the parent', () => {
  const bound = `${PERMIT}\nrequire mfa for a.b on ** when n > 100`;
  it.each([
    ['narrows', 'itself', 'require mfa for a.b on ** when n > 100'],
    ['narrows', 'more often', 'require mfa for a.b on ** when n >= 100'],
    ['narrows', 'without a condition', 'require mfa on **'],
    [
      'narrows',
      'in two parts',
      'require mfa on ** when n > 200\nrequire mfa for a.b on ** when n > 100 and n <= 200',
    ],
    [
      'narrows',
      'in two parts of resources',
      'require mfa for a.b on / when n > 100\nrequire mfa on /*/** when n > 100',
    ],
    ['lacks an obligation', 'dropped', ''],
    ['lacks an obligation', 'renamed', 'require mfa2 for a.b on ** when n > 100'],
    ['lacks an obligation', 'in another case', 'require MFA for a.b on ** when n > 100'],
    ['lacks an obligation', 'less often', 'require mfa for a.b on ** when n > 101'],
    [
      'lacks an obligation',
      'only when the field is there',
      'require mfa for a.b on ** when has n and n > 100',
    ],
    ['lacks an obligation', 'for another action', 'require mfa for a.c on **'],
    ['lacks an obligation', 'one resource short', 'require mfa for a.b on /*/**'],
  ])('%s: %s', (truth, _what, own) => expect(verdict(`${PERMIT}\n${own}`, bound)).toBe(truth));

  it('is asked only where both permit', () => {
    expect(verdict('permit a.b on ** when n = 5', bound)).toBe('narrows');
    expect(verdict('permit a.b on ** when n != 500', bound)).toBe('lacks an obligation');
    expect(verdict(`${PERMIT}\ndeny a.b on ** when n > 100`, bound)).toBe('narrows');
  });
});

describe('whole documents', () => {
  const parent = `permit a on /** when x = 1\npermit b on /y\ndeny b on ** when z = 1\nlimit a 5 per day\nrequire mfa for a on **`;
  it('narrow themselves in any order', () => {
    expect(verdict(parent.split('\n').reverse().join('\n'), parent)).toBe('narrows');
    expect(verdict(`${parent}\n${parent}`, parent)).toBe('narrows');
    expect(verdict(parent, `${parent}\n${parent}`)).toBe('narrows');
  });
  it('narrow anything when they permit nothing', () => {
    for (const nothing of [
      '',
      '# a comment',
      'deny ** on **',
      'limit ** 1 per day',
      'permit a on **\ndeny ** on **',
    ])
      for (const other of [parent, '', 'deny ** on **']) expect(verdict(nothing, other)).toBe('narrows');
    expect(verdict(parent, '')).toBe('wider');
  });
});
