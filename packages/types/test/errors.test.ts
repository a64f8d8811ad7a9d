import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { isSteleError, SteleError } from '../src/errors.js';

class StoreError extends SteleError<'store_full' | 'store_closed'> {}

describe('SteleError', () => {
  it('carries code, hint and cause, and the name of its class', () => {
    const cause = new Error('disk');
    const error = new StoreError('store_full', 'the store is full', { hint: 'delete something', cause });
    expect(error).toBeInstanceOf(SteleError);
    expect(error).toMatchObject({
      code: 'store_full',
      hint: 'delete something',
      name: 'StoreError',
      message: 'the store is full',
      cause,
    });
    expect(error.stack).toContain('errors.test.ts');
  });

  it('has neither hint nor cause when none was given', () => {
    const error = new SteleError('x', 'y');
    expect('hint' in error).toBe(false);
    expect('cause' in error).toBe(false);
  });

  it('shows its brand nowhere', () => {
    const error = new SteleError('x', 'y');
    expect(Object.getOwnPropertySymbols(error)).toEqual([]);
    expect(Object.keys(error).sort()).toEqual(['code', 'name']);
  });
});

describe('isSteleError', () => {
  it('knows the base, a subclass, and an error of another copy or realm', () => {
    expect(isSteleError(new SteleError('x', 'y'))).toBe(true);
    expect(isSteleError(new StoreError('store_closed', 'y'))).toBe(true);
    const foreign = runInNewContext(`
      class SteleError extends Error { code = 'x' }
      Object.defineProperty(SteleError.prototype, Symbol.for('stele.error'), { value: true });
      new SteleError('y')`);
    expect(foreign instanceof Error).toBe(false);
    expect(isSteleError(foreign)).toBe(true);
  });

  it('refuses everything else', () => {
    class Lookalike extends Error {
      code = 'x';
    }
    Object.defineProperty(Lookalike, 'name', { value: 'SteleError' });
    const others = [undefined, null, 0, 'x', Symbol.for('stele.error'), {}, [], () => 0, new Error('x')];
    const near = [
      Object.assign(new Error('x'), { code: 'x' }),
      new Lookalike(),
      { code: 'x' },
      SteleError.prototype,
    ];
    for (const value of [...others, ...near]) expect(isSteleError(value)).toBe(false);
  });

  it('refuses a code that is not a string', () => {
    expect(isSteleError(Object.assign(new SteleError('x', 'y'), { code: 7 }))).toBe(false);
  });

  it('answers false for a value that throws when it is read', () => {
    const trap = () => {
      throw new Error('trap');
    };
    expect(isSteleError(new Proxy({}, { get: trap, getPrototypeOf: trap, has: trap }))).toBe(false);
    expect(
      isSteleError({
        get code() {
          return trap();
        },
      }),
    ).toBe(false);
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(isSteleError(proxy)).toBe(false);
  });
});
