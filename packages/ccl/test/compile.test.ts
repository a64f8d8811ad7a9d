import { expect, it } from 'vitest';
import { compile } from '../src/index.js';

it('what a policy shows of its statements has no member without a value', () => {
  const text = `permit a.* on '/x/**'
deny b on /y when n = 1
limit a 5 per 2 hours
limit a on /z 1.5 of args.n per day
require mfa on ** when n = 1`;
  const [permit, deny, count, budget, requirement] = compile(text).statements;
  const lines = text.split('\n');
  expect(permit).toStrictEqual({
    index: 0,
    kind: 'permit',
    line: 1,
    text: lines[0],
    action: 'a.*',
    resource: '/x/**',
  });
  expect(deny).toStrictEqual({
    index: 1,
    kind: 'deny',
    line: 2,
    text: lines[1],
    action: 'b',
    resource: '/y',
  });
  expect(count).toStrictEqual({
    index: 2,
    kind: 'limit',
    line: 3,
    text: lines[2],
    action: 'a',
    resource: '**',
    amount: 5,
    periodMs: 7_200_000,
  });
  expect(budget).toStrictEqual({
    index: 3,
    kind: 'limit',
    line: 4,
    text: lines[3],
    action: 'a',
    resource: '/z',
    amount: 1.5,
    field: 'args.n',
    periodMs: 86_400_000,
  });
  expect(requirement).toStrictEqual({
    index: 4,
    kind: 'require',
    line: 5,
    text: lines[4],
    action: '**',
    resource: '**',
    name: 'mfa',
  });
});
