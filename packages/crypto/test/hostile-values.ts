/** Values that are not I-JSON, for everything that reads values. */
import { runInNewContext } from 'node:vm';

class Point {
  x = 1;
}

function withKey(key: PropertyKey, descriptor: PropertyDescriptor): object {
  return Object.defineProperty({ a: 1 }, key, descriptor);
}

function throwing(trap: keyof ProxyHandler<object>): object {
  return new Proxy(
    { a: 1 },
    {
      [trap]: () => {
        throw new Error('trap');
      },
    },
  );
}

const cycle: Record<string, unknown> = {};
cycle.self = { inner: [cycle] };
const cyclicArray: unknown[] = [];
cyclicArray.push(cyclicArray);
// biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
const sparse = [1, , 2];

/** `not_json` for each, whether it is the root or inside. */
export const notJson: [string, unknown][] = [
  ['undefined', undefined],
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['a BigInt', 1n],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['a lone high surrogate', 'a\ud800'],
  ['a lone low surrogate', '\udc00a'],
  ['a swapped pair', '\udc00\ud800'],
  ['a lone surrogate as a key', { 'a\ud800': 1 }],
  ['a cycle', cycle],
  ['a cyclic array', cyclicArray],
  ['a Date', new Date(0)],
  ['a Map', new Map()],
  ['a Set', new Set()],
  ['a RegExp', /a/],
  ['an Error', new Error('e')],
  ['a Promise', Promise.resolve()],
  ['a class instance', new Point()],
  ['an object with its own prototype', Object.create({ a: 1 })],
  ['an object over a null prototype object', Object.create(Object.create(null))],
  ['a boxed number', Object(1)],
  ['a boxed string', Object('a')],
  ['a boxed boolean', Object(true)],
  ['a typed array', new Uint8Array(2)],
  ['a Buffer', Buffer.from('a')],
  ['an ArrayBuffer', new ArrayBuffer(2)],
  ['a sparse array', sparse],
  ['an array of holes', new Array(3)],
  ['an array with a member of its own', Object.assign([1], { extra: 1 })],
  ['an array with a symbol', Object.assign([1], { [Symbol('s')]: 1 })],
  ['an array of a subclass', new (class Sub extends Array {})()],
  ['an array without prototype', Object.setPrototypeOf([1], null)],
  ['an array with a getter', Object.defineProperty([1], 0, { get: () => 1, enumerable: true })],
  ['an arguments object', runInNewContext('(function () { return arguments; })()')],
  ['a symbol key', { [Symbol('s')]: 1 }],
  ['a getter', withKey('b', { get: () => 1, enumerable: true })],
  ['a setter', withKey('b', { set: () => {}, enumerable: true })],
  ['a hidden property', withKey('b', { value: 1, enumerable: false })],
  ['an undefined member', { a: undefined }],
  ['a method', { toJSON: () => 1 }],
  ['a Date of another realm', runInNewContext('new Date(0)')],
  ['a proxy that throws on keys', throwing('ownKeys')],
  ['a proxy that throws on its prototype', throwing('getPrototypeOf')],
  ['a proxy that throws on properties', throwing('getOwnPropertyDescriptor')],
  ['a revoked proxy', revoked()],
];

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** As many arrays within one another. */
export function nested(depth: number): unknown {
  let value: unknown = [];
  for (let i = 1; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}
