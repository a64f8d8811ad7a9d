import { expect, it } from 'vitest';
import { checkNarrowing, compile } from '../../src/index.js';

const many = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

const ORDERS = `permit payments.refund on '/orders/**' when args.amount <= 200
permit orders.read on '/orders/**'
deny ** on '/secret/**'
deny payments.* on ** when env = 'prod'
limit payments.refund 100 per 1 days
limit payments.refund on '/orders/**' 5000 of args.amount per 2 days
require human.approval for payments.refund on '/orders/**' when args.amount > 100`;

/** A twentieth more than it takes: an answer that needs more steps does work that was saved before. */
const CASES: [what: string, steps: number, narrows: boolean, child: string, parent: string][] = [
  ['a document and itself', 1893, true, ORDERS, ORDERS],
  ['a wider bound', 235, false, ORDERS.replace('<= 200', '<= 300'), ORDERS],
  [
    'permits that do not meet',
    295,
    true,
    many(20, (i) => `permit a${i} on /x${i}`),
    many(20, (i) => `permit a${i} on /**`),
  ],
  [
    'denies of which one leaves nothing',
    242,
    false,
    'permit a on /** when n = 1',
    `permit ** on **\n${many(10, (i) => `deny a on '/*${i}/**' when m = ${i}`)}\ndeny a on /** when n >= 1`,
  ],
  [
    'its own denies, of which the last leaves nothing',
    67,
    true,
    `permit a on /** when n = 1\n${many(10, (i) => `deny a on '/*${i}/**' when m = ${i}`)}\ndeny a on /** when n >= 1`,
    '',
  ],
  [
    'its own denies, of which the first leaves nothing',
    67,
    true,
    `permit a on /** when n = 1\ndeny a on /** when n >= 1\n${many(10, (i) => `deny a on '/*${i}/**' when m = ${i}`)}`,
    '',
  ],
  [
    'denies of many actions, all of which must be left',
    176,
    false,
    'permit ** on /x when n = 1',
    `permit ** on /**\n${many(12, (i) => `deny '*${i}.**' on /*${i} when n = 1`)}\ndeny ** on /x when n = 1`,
  ],
  [
    'patterns that follow from each other',
    1138,
    true,
    "permit a.** on '/x/**'\nlimit a.b.** on '/x/y/**' 5 per day\nlimit a.** on '/**' 9 per day",
    "permit ** on /**\nlimit ** on '/x/y/**' 9 per day\nlimit a.b.c on '/x/y/z' 9 per day",
  ],
  [
    'denies that lie within each other',
    92,
    false,
    'permit a on /**',
    `permit a on /**\n${many(8, (i) => `deny a on '/x/${'*/'.repeat(i)}**' when n = ${i}`)}`,
  ],
  [
    'paths that lie within each other, the deepest first',
    176,
    false,
    'permit a on /**',
    `permit a on /**\n${many(6, (i) => `deny a on '/x/${'y/'.repeat(6 - i)}**' when n != ${i}`)}\ndeny a on /x/**`,
  ],
  [
    'globs that cross',
    142142,
    false,
    "permit a on '/*a*/*b*'\npermit b on '/*b*/*a*'",
    "permit * on '/*a*/**'\npermit * on '/*b*/**'\ndeny * on '/*ab*/*ba*'",
  ],
  [
    'choices of which all are shut',
    729,
    true,
    'permit a on /x when (n = 1 or m = 1 or k = 1) and (n = 2 or m = 2 or k = 2)',
    'permit a on /x when n = 1 or m = 1\npermit a on /x when k = 1',
  ],
  [
    'the same `**` in many places',
    6093,
    false,
    "permit a on '/**/a/**/b'",
    "permit a on '/**/b'\ndeny a on '/**/c/**'\ndeny a on '/**/a/**/c'",
  ],
  [
    'a path of a host',
    2318,
    true,
    "permit a on 'https://h/**'",
    "permit a on 'https://*/**'\ndeny a on 'http://**'",
  ],
];

it.each(CASES)('%s is answered within %d steps', (_what, budget, narrows, child, parent) => {
  expect(checkNarrowing(compile(child), compile(parent), { budget })).toMatchObject({ narrows });
});
