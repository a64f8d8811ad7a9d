import { snapshotJson } from '@stele/crypto';
import { describe, expect, it, vi } from 'vitest';
import { httpRequest, snapshotRequest } from '../../src/lib/request.js';

const plain = (method: string, path: string) => ({
  action: `http.${method}`,
  resource: path,
  context: { http: { method, path } },
});

describe('a request over HTTP', () => {
  it('says what a plain one says, frozen to the bottom, and is not read again', () => {
    const request = httpRequest('get', '/orders/1042');
    expect({ ...request }).toEqual(plain('get', '/orders/1042'));
    expect(snapshotRequest(request)).toBe(request);
    const { context } = request;
    expect([request, context, context?.http].every(Object.isFrozen)).toBe(true);
    expect(JSON.parse(JSON.stringify(request))).toEqual(plain('get', '/orders/1042'));
  });

  it.each([
    ['a path with more than ASCII', 'get', '/orders/Ä'],
    ['a path with a space', 'get', '/a b'],
    ['a lone surrogate', 'get', '/\ud800'],
    ['a method that is none', 'G\u0000T', '/'],
    ['a path that is an object', 'get', new String('/orders/1042') as string],
    ['a path of a mebibyte', 'get', `/${'a'.repeat(1024 * 1024)}`],
  ])('is read like any other where it holds %s', (_what, method, path) => {
    const request = httpRequest(method, path);
    const read = snapshotRequest(request);
    expect(read).not.toBe(request);
    expect(read).toEqual(snapshotRequest(plain(method, path)));
  });

  it('is told by what nobody else can have', () => {
    const request = httpRequest('get', '/orders/1042');
    const likes = [
      new Proxy(request, {}),
      Object.create(request),
      Object.create(Object.getPrototypeOf(request), Object.getOwnPropertyDescriptors(request)),
      { ...request },
      structuredClone({ ...request }),
    ];
    for (const like of likes) expect(snapshotRequest(like)).not.toBe(like);
    expect(request.constructor).toBe(Object);
  });

  it('is a plain object to hosts, and to another copy of the package', async () => {
    const request = httpRequest('get', '/orders/1042');
    expect(snapshotJson(request)).toEqual(plain('get', '/orders/1042'));
    vi.resetModules();
    const other = await import('../../src/lib/request.js');
    const read = other.snapshotRequest(request);
    expect(read).not.toBe(request);
    expect(read).toEqual(plain('get', '/orders/1042'));
  });
});
