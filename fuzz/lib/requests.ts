/** Requests that meet a document: made of its own patterns, fields and values, and of their neighbours. */
import {
  type NaiveCondition,
  type NaiveDocument,
  type NaiveValue,
  naiveParse,
} from '../../packages/ccl/test/fuzz/naive-parse.ts';
import { ODD_NAMES } from '../../packages/ccl/test/fuzz/odd-values.ts';
import { ODD_PIECES } from './grammar.ts';
import type { Random } from './random.ts';

const WORDS = ['a', 'b', 'ab', 'x', 'get_x', 'c:d-e', '5', 'aab'];
const ODD_ACTIONS = [
  '',
  '.',
  'a.',
  'a..b',
  'a/b',
  'a*',
  'a b',
  'é',
  'a\n',
  'a'.repeat(513),
  5,
  null,
  { $: 'boxed' },
  ['a'],
];
const ODD_RESOURCES = [
  '',
  '/',
  '///',
  '*',
  '**',
  '.',
  '/..',
  '/a/./b',
  '/a\\b',
  '/a%2fb',
  '/%5C',
  '/a\u0000',
  '/\ud800',
  '/\udc00',
  'https://H/x',
  'https://h/x',
  '/https://h/x',
  ' https://h/',
  'https://h./',
  'https://u@h/',
  'https://h/?',
  'https:h',
  'C:/x',
  'urn:x:y',
  'file:///a',
  'a:b',
  '😀/é',
  'x'.repeat(4097),
  5,
  null,
  { $: 'undefined' },
];
const VALUES = [
  '',
  'a',
  'b',
  'ab',
  '5',
  'é',
  'e\u0301',
  '😀',
  '\uffff',
  '\ud800',
  0,
  1,
  -1,
  5,
  0.1,
  100,
  5e-324,
  1.7976931348623157e308,
  true,
  false,
  null,
  [],
  {},
];

export class Requests {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A request that meets one statement of the text, if it holds any. */
  meeting(text: string): unknown {
    const r = this.#random;
    const document = naiveParse(text);
    if (r.once(40)) return r.pick([null, { $: 'undefined' }, 5, 'a', [], {}, { action: 'a' }]);
    if (document === undefined || document.statements.length === 0)
      return {
        action: this.#action(undefined),
        resource: this.#resource(undefined),
        context: this.#context(document),
      };
    const aim = r.pick(document.statements);
    const request: Record<string, unknown> = {
      action: this.#action(aim.action?.text),
      resource: this.#resource(aim.resource?.text),
    };
    if (!r.once(20)) request.context = this.#context(document);
    return request;
  }

  #action(pattern: string | undefined): unknown {
    const r = this.#random;
    if (r.once(40)) return r.pick(ODD_ACTIONS);
    return this.#instance((pattern ?? '**').split('.')).join('.') || r.pick(WORDS);
  }

  #resource(pattern: string | undefined): unknown {
    const r = this.#random;
    if (r.once(20)) return r.pick(ODD_RESOURCES);
    let path = this.#instance((pattern ?? '**').split('/')).join(r.once(20) ? '//' : '/');
    if (r.once(200)) path = path.padEnd(4_094 + r.below(5), 'a');
    const at = r.below(path.length + 1);
    if (r.once(10)) path = path.slice(0, at) + r.pick(ODD_PIECES) + path.slice(at);
    else if (r.once(6)) path = path.slice(0, at) + path.slice(at + 1);
    return r.once(4) ? `/${path}` : path;
  }

  /** Segments that the pattern matches, mostly. */
  #instance(pattern: readonly string[]): string[] {
    const r = this.#random;
    return pattern.flatMap((segment) => {
      if (r.once(30)) return r.some(2, () => r.pick(WORDS));
      if (segment === '**') return r.some(3, () => r.pick(WORDS));
      return [segment.replaceAll('*', () => (segment === '*' ? r.pick(WORDS) : r.pick(['', ...WORDS])))];
    });
  }

  #context(document: NaiveDocument | undefined): unknown {
    const r = this.#random;
    if (r.once(40)) return r.pick([null, 5, 'text', [1], ...ODD_NAMES.map((name) => ({ $: name }))]);
    const context: Record<string, unknown> = {};
    const wishes = (document?.statements ?? []).flatMap((each) => [
      ...wishesOf(each.condition),
      ...(each.field === undefined ? [] : [{ path: each.field.path, values: [0, 1, 2.5, each.amount] }]),
    ]);
    for (const { path, values } of wishes) if (!r.once(8)) this.#put(context, path, this.#value(values));
    return context;
  }

  #value(wished: readonly unknown[]): unknown {
    const r = this.#random;
    if (r.once(20)) return { $: r.pick(ODD_NAMES) };
    if (r.once(8)) return r.some(3, () => this.#value(wished));
    const value = wished.length > 0 && !r.once(5) ? r.pick(wished) : r.pick(VALUES);
    if (typeof value === 'number')
      return r.pick([value, value, value + 1, value - 1, -value, value * 2, String(value)]);
    if (typeof value === 'string')
      return r.pick([value, value, value, `${value}a`, `a${value}`, value.slice(1), value.slice(0, -1)]);
    return structuredClone(value); // it may be filled later
  }

  #put(context: Record<string, unknown>, path: readonly string[], value: unknown): void {
    let at = context;
    for (const name of path.slice(0, -1)) {
      const next = Object.hasOwn(at, name) ? at[name] : {};
      if (typeof next !== 'object' || next === null || Array.isArray(next)) return;
      at[name] = next;
      at = next as Record<string, unknown>;
    }
    at[path.at(-1)!] = value;
  }
}

interface Wish {
  readonly path: readonly string[];
  /** What the field is compared with. */
  readonly values: readonly unknown[];
}

function wishesOf(node: NaiveCondition | undefined): Wish[] {
  switch (node?.kind) {
    case undefined:
      return [];
    case 'and':
    case 'or':
      return node.terms.flatMap(wishesOf);
    case 'not':
      return wishesOf(node.operand);
    case 'has':
      return [{ path: node.field.path, values: [] }];
    case 'comparison': {
      const values = valuesOf(node.value);
      const quantified = node.quantifier === undefined ? values : [values, ...values.map((each) => [each])];
      const wish = { path: node.field.path, values: quantified };
      return node.value.kind === 'reference'
        ? [wish, { path: node.value.field.path, values: ['a', 1, ['a', 1]] }]
        : [wish];
    }
  }
}

function valuesOf(value: NaiveValue): unknown[] {
  if (value.kind === 'reference') return ['a', 1, ['a', 1]];
  return value.kind === 'array' ? value.items.map((item) => item.value) : [value.value];
}
