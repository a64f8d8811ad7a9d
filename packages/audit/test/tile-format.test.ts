/** The names and the bytes of tiles. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBundle, encodeBundle, parseTilePath, tilePath } from '../src/lib/tile-format.js';
import { refusedAs } from './support/refusals.js';

describe('the path of a tile', () => {
  it('is that of C2SP tlog-tiles', () => {
    expect(tilePath(0, 0)).toBe('tile/0/000');
    expect(tilePath(0, 999, 1)).toBe('tile/0/999.p/1');
    expect(tilePath(3, 1000)).toBe('tile/3/x001/000');
    expect(tilePath(63, 1_234_067, 255)).toBe('tile/63/x001/x234/067.p/255');
    expect(tilePath('entries', 1_234_067, 256)).toBe('tile/entries/x001/x234/067');
    expect(tilePath(0, Number.MAX_SAFE_INTEGER)).toBe('tile/0/x009/x007/x199/x254/x740/991');
  });

  it('is parsed back to the tile', () => {
    const level = fc.oneof(fc.constant('entries' as const), fc.integer({ min: 0, max: 63 }));
    const index = fc.oneof(fc.maxSafeNat(), fc.nat({ max: 2_000 }));
    fc.assert(
      fc.property(level, index, fc.integer({ min: 1, max: 256 }), (level, index, width) => {
        expect(parseTilePath(tilePath(level, index, width))).toEqual({ level, index, width });
      }),
    );
  });

  it('has one spelling', () => {
    const none = [
      ...['', 'checkpoint', 'tile', 'tile/', 'tile/0', 'tile/0/', '/tile/0/000', 'tile/0/000/', 'tile//000'],
      ...[
        'tile/00/000',
        'tile/01/000',
        'tile/64/000',
        'tile/100/000',
        'tile/-1/000',
        'tile/x/000',
        'tile/Entries/000',
      ],
      ...[
        'tile/0/0',
        'tile/0/00',
        'tile/0/0000',
        'tile/0/x000/000',
        'tile/0/001/000',
        'tile/0/x001',
        'tile/0/x001/x000',
      ],
      ...[
        'tile/0/x01/000',
        'tile/0/X001/000',
        'tile/0/x001000',
        'tile/0/1e3',
        'tile/0/x009/x007/x199/x254/x740/992',
      ],
      ...['tile/0/x001/x000/x000/x000/x000/x000/000', 'tile/0/000.p', 'tile/0/000.p/', 'tile/0/000.p/0'],
      ...['tile/0/000.p/01', 'tile/0/000.p/256', 'tile/0/000.p/257', 'tile/0/000.p/1000', 'tile/0/000.p/-1'],
      ...[
        'tile/0/000.p/1/',
        'tile/0/000\n',
        '\ntile/0/000',
        'tile/0/000.p/1\n',
        'tile/0/../000',
        'tile/0/٠٠٠',
      ],
    ];
    for (const path of none) expect(parseTilePath(path), path).toBeUndefined();
    const good = 'tile/0/x001/x234/067.p/12';
    // What is left of it may be the path of another tile.
    const shorter = ['tile/0/x001/x234/067', 'tile/0/x001/x234/067.p/1'];
    for (let at = 0; at < good.length; at++) {
      const start = good.slice(0, at);
      expect(parseTilePath(start) !== undefined, start).toBe(shorter.includes(start));
      expect(parseTilePath(`${start} ${good.slice(at)}`)).toBeUndefined();
    }
  });

  it('is not made for what is no tile', () => {
    for (const level of [-1, 64, 0.5, Number.NaN]) expect(() => tilePath(level, 0)).toThrow(RangeError);
    for (const index of [-1, 0.5, 2 ** 53, Number.NaN]) expect(() => tilePath(0, index)).toThrow(RangeError);
    for (const width of [-1, 0, 257, 0.5, Number.NaN])
      expect(() => tilePath(0, 0, width)).toThrow(RangeError);
  });
});

describe('a bundle of entries', () => {
  const leaf = fc.uint8Array({ maxLength: 20 });

  it('gives the entries back', () => {
    fc.assert(
      fc.property(fc.array(leaf, { minLength: 1, maxLength: 256 }), (leaves) => {
        expect(decodeBundle(encodeBundle(leaves), leaves.length)).toEqual(leaves);
      }),
    );
    const long = [new Uint8Array(65_535).fill(1), new Uint8Array(256).fill(2), new Uint8Array(0)];
    const bundle = encodeBundle(long);
    expect([...bundle.subarray(0, 3)]).toEqual([0xff, 0xff, 1]);
    expect([...bundle.subarray(65_537, 65_540)]).toEqual([1, 0, 2]);
    expect(decodeBundle(bundle, 3)).toEqual(long);
  });

  it('has 1 to 256 entries of at most 65,535 bytes', () => {
    const none = new Uint8Array(0);
    expect(() => encodeBundle([])).toThrow(RangeError);
    expect(() => encodeBundle(Array(257).fill(none))).toThrow(RangeError);
    expect(encodeBundle(Array(256).fill(none))).toHaveLength(512);
    expect(() => encodeBundle([new Uint8Array(65_536)])).toThrow(RangeError);
  });

  it('that is cut, too long or of another width is refused', async () => {
    const leaves = [Uint8Array.of(1, 2, 3), Uint8Array.of(), Uint8Array.of(4)];
    const bundle = encodeBundle(leaves);
    for (let end = 0; end < bundle.length; end++) {
      await refusedAs('audit_log_corrupt', () => decodeBundle(bundle.subarray(0, end), 3));
    }
    for (const width of [1, 2, 4]) await refusedAs('audit_log_corrupt', () => decodeBundle(bundle, width));
    await refusedAs('audit_log_corrupt', () => decodeBundle(Buffer.concat([bundle, Uint8Array.of(0)]), 3));
    expect((await refusedAs('audit_log_corrupt', () => decodeBundle(bundle, 4))).message).toContain(
      '3 entries, not 4',
    );
  });
});
