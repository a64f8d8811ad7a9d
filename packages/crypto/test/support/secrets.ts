/** Looks for a secret in whatever shows a value. */
import { format, inspect } from 'node:util';
import { serialize } from 'node:v8';
import { expect } from 'vitest';

/** How bytes may show: raw, hex in both cases, base64 with any neighbours, numbers, a dump. */
export function formsOf(bytes: Uint8Array): Buffer[] {
  const buffer = Buffer.from(bytes);
  const inner = [0, 1, 2].flatMap((skip) => {
    const whole = buffer.subarray(skip, skip + 27);
    return [whole.toString('base64'), whole.toString('base64url')];
  });
  const hex = buffer.subarray(1, 31).toString('hex');
  const numbers = [...buffer.subarray(1, 31)];
  return [
    buffer.subarray(1, 31),
    hex,
    hex.toUpperCase(),
    hex.replace(/..(?=.)/g, '$& '),
    ...inner,
    numbers.join(','),
    numbers.join(', '),
  ].map((each) => Buffer.from(each));
}

/** Asserts that bytes or text hold none of the secrets in any form. */
export function expectNone(where: string, shown: Uint8Array | string, secrets: readonly Uint8Array[]): void {
  const haystack = Buffer.from(shown as string);
  for (const secret of secrets) {
    for (const form of formsOf(secret)) expect(haystack.includes(form), where).toBe(false);
  }
}

const WHOLE = { depth: 20, maxArrayLength: null, maxStringLength: null, compact: true, breakLength: 9e9 };

/** Everything that prints, copies or serialises a value without asking it for a member by name. */
export function showings(value: unknown): [string, Uint8Array | string][] {
  const shown: [string, () => Uint8Array | string][] = [
    ['inspect', () => inspect(value, WHOLE)],
    ['inspect, hidden too', () => inspect(value, { ...WHOLE, showHidden: true })],
    ['inspect as an assertion does', () => inspect(value, { ...WHOLE, customInspect: false, getters: true })],
    ['format', () => format('%s %o %O %j', value, value, value, value)],
    ['text', () => String(value)],
    ['stack', () => String((value as Error | undefined)?.stack)],
    ['JSON', () => JSON.stringify(value) ?? ''],
    ['JSON of a copy', () => JSON.stringify({ ...(value as object) })],
    ['inspect of a copy', () => inspect({ ...(value as object) }, WHOLE)],
    ['assign', () => inspect(Object.assign({}, value), WHOLE)],
    ['entries', () => inspect(Object.entries(value as object), WHOLE)],
    ['structuredClone', () => inspect(structuredClone(value), { ...WHOLE, showHidden: true })],
    ['serialize', () => serialize(value)],
  ];
  return shown.map(([how, show]) => [how, unlessRefused(show)]);
}

/** A value that cannot be copied shows nothing, but the refusal might. */
function unlessRefused(show: () => Uint8Array | string): Uint8Array | string {
  try {
    return show();
  } catch (error) {
    return inspect(error, WHOLE);
  }
}
