/** What those who prove and warn read from a compiled pattern. */
import { describe, expect, it } from 'vitest';
import { compilePattern } from '../src/lib/pattern.js';

describe('a compiled pattern', () => {
  it.each([
    ['**', { kind: 'many' }],
    ['*', { kind: 'one' }],
    ['a', { kind: 'literal', text: 'a' }],
    ['', { kind: 'literal', text: '' }],
    ['a*', { kind: 'glob', text: 'a*', pieces: ['a', ''] }],
    ['*a*b', { kind: 'glob', text: '*a*b', pieces: ['', 'a', 'b'] }],
  ])('says what kind of segment %j is', (text, segment) =>
    expect(compilePattern([text]).segments).toEqual([segment]),
  );
});
