import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toolDigest } from '../src/index.js';

const tool = {
  name: 'pay',
  description: 'Pays.',
  inputSchema: { type: 'object', properties: { b: {}, a: {} } },
};

describe('toolDigest', () => {
  it('is SHA-256 of the canonical form of what was agreed', () => {
    const text =
      '{"description":"Pays.","inputSchema":{"properties":{"a":{},"b":{}},"type":"object"},"name":"pay"}';
    expect(toolDigest(tool)).toBe(createHash('sha256').update(text).digest('hex'));
    expect(toolDigest({ name: 'pay' })).toBe(createHash('sha256').update('{"name":"pay"}').digest('hex'));
  });

  it('looks at nothing else, nor at the order of members', () => {
    const inputSchema = { properties: { a: {}, b: {} }, type: 'object' };
    const other = { annotations: {}, inputSchema, description: 'Pays.', name: 'pay' };
    expect(toolDigest(other)).toBe(toolDigest(tool));
  });

  it('differs for another name, description or schema', () => {
    const others = [
      { ...tool, name: 'Pay' },
      { ...tool, description: 'Pays. ' },
      { ...tool, description: '' },
      { ...tool, description: undefined },
      { ...tool, inputSchema: { ...tool.inputSchema, additionalProperties: false } },
      { ...tool, inputSchema: JSON.parse('{"type":"object","properties":{"a":{},"b":{},"__proto__":{}}}') },
      { ...tool, inputSchema: undefined },
      { ...tool, inputSchema: null },
    ];
    expect(new Set([tool, ...others].map(toolDigest)).size).toBe(others.length + 1);
  });

  it('is one for one contract, whatever it is', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 3 });
    fc.assert(
      fc.property(text, text, text, text, (a, b, c, d) => {
        const same = a === c && b === d;
        expect(toolDigest({ name: a, description: b }) === toolDigest({ name: c, description: d })).toBe(
          same,
        );
      }),
    );
  });

  it.each([
    [{ description: 'x' }, TypeError],
    [{ name: 7 }, TypeError],
    [{ name: 'x', description: null }, TypeError],
    [{ name: 'x', inputSchema: Number.NaN }, expect.objectContaining({ code: 'not_json' })],
    [{ name: '\ud800' }, expect.objectContaining({ code: 'not_json' })],
  ])('refuses what is no contract: %j', (odd, error) => {
    expect(() => toolDigest(odd as never)).toThrow(error as never);
  });
});
