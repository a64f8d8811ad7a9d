/** Values that JSON cannot write, written in JSON: `{ "$": name }` stands for one of these. */

class Instance {
  n = 1;
}

const sparse: unknown[] = [];
sparse[1] = 'a';

const ancestor = { n: 1, s: 'a' };
const doNothing = () => undefined;

const ODD: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  '-Infinity': () => Number.NEGATIVE_INFINITY,
  '-0': () => -0,
  bigint: () => 5n,
  symbol: () => Symbol.for('odd'),
  function: () => doNothing,
  date: () => new Date(0),
  map: () => new Map([['n', 1]]),
  boxed: () => new String('a'),
  bytes: () => new Uint8Array([1]),
  instance: () => new Instance(),
  sparse: () => sparse.slice(),
  bare: () => Object.assign(Object.create(null) as object, { n: 1, s: 'a' }),
  heir: () => Object.create(ancestor) as unknown,
  own: () => JSON.parse('{"__proto__": {"n": 1}, "constructor": 1, "hasOwnProperty": 2}') as unknown,
  cycle: () => {
    const cycle: Record<string, unknown> = { n: 1 };
    cycle.o = cycle;
    return cycle;
  },
};

export const ODD_NAMES = Object.keys(ODD);

/** The value that an encoding stands for, made anew at each call. */
export function decode(encoded: unknown): unknown {
  if (Array.isArray(encoded)) return encoded.map(decode);
  if (typeof encoded !== 'object' || encoded === null) return encoded;
  const { $: name } = encoded as { $?: string };
  if (typeof name === 'string' && Object.hasOwn(ODD, name)) return ODD[name]!();
  const entries = Object.entries(encoded).map(([key, value]) => [key, decode(value)]);
  return Object.fromEntries(entries);
}
