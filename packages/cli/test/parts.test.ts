/** The parts of a replay beside simple references. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Progress } from '../src/lib/progress.js';
import { Histogram } from '../src/lib/replay/histogram.js';
import { readLines } from '../src/lib/replay/lines.js';
import { parseInstant, parsePoint } from '../src/lib/times.js';

describe('readLines', () => {
  it('finds the lines that splitting the whole text finds, however the stream is cut', async () => {
    const text = fc
      .array(fc.constantFrom('a', 'é', '🙂', '\n', '\r\n', ''), { maxLength: 40 })
      .map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(60), { maxLength: 8 }), async (whole, cuts) => {
        const bytes = Buffer.from(whole);
        const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
        const found: string[] = [];
        for await (const { lines } of readLines(chunks))
          for (const { number, bytes: line } of lines) {
            expect(number).toBe(found.length + 1);
            found.push(String(line));
          }
        const expected = whole.split('\n');
        if (expected.at(-1) === '') expected.pop();
        expect(found).toEqual(expected);
      }),
    );
  });
});

describe('Histogram', () => {
  it('is at most 1/32 above the exact quantile, and never below it', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 1 }), (values) => {
        const histogram = new Histogram();
        for (const value of values) histogram.add(value);
        const sorted = [...values].sort((a, b) => a - b);
        const exact = (share: number) => (sorted[Math.ceil(share * sorted.length) - 1] as number) * 1000;
        const { p50, p99, max } = histogram.summary();
        for (const [found, wanted] of [
          [p50, exact(0.5)],
          [p99, exact(0.99)],
          [max, exact(1)],
        ] as const) {
          expect(found).toBeGreaterThanOrEqual(wanted * 0.999999 - 0.01);
          expect(found).toBeLessThanOrEqual(wanted * (1 + 1 / 32) + 0.01);
        }
      }),
    );
  });

  it('is all zeros when nothing was measured', () => {
    expect(new Histogram().summary()).toEqual({ mean: 0, p50: 0, p99: 0, max: 0 });
  });
});

describe('parseInstant', () => {
  it('reads what toISOString writes', () => {
    const years = {
      min: new Date('1000-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    };
    fc.assert(fc.property(fc.date(years), (date) => parseInstant(date.toISOString()) === date.getTime()));
  });

  it.each([
    ['2026-01-01T01:00:00+01:00', '2026-01-01T00:00:00Z'],
    ['2026-01-01T00:00:00-00:30', '2026-01-01T00:30:00Z'],
    ['2024-02-29t00:00:00z', '2024-02-29T00:00:00Z'],
  ])('takes %s for %s', (text, same) => {
    expect(parseInstant(text)).toBe(Date.parse(same));
  });

  it.each([
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:00:60Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T00:00:00',
    '2026-01-01 00:00:00Z',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00+01:60',
    '2026-01-01',
    '0050-01-01T00:00:00Z',
    '',
    ' 2026-01-01T00:00:00Z',
  ])('refuses %j', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });
});

describe('parsePoint', () => {
  it.each([
    ['90m', 90 * 60_000],
    ['2h', 7_200_000],
    ['90d', 90 * 86_400_000],
    ['2w', 14 * 86_400_000],
  ])('takes %s for a span from now', (text, ms) => {
    expect(parsePoint(text, '--expires', 1000).getTime()).toBe(1000 + ms);
  });

  it.each(['', 'soon', '-5d', '5', '5y', '1.5d', '9999999d', '2026-02-30'])('refuses %j', (text) => {
    expect(() => parsePoint(text, '--expires')).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('Progress', () => {
  const draw = (isTTY: boolean, show?: boolean, total: number | undefined = 1000) => {
    let text = '';
    const progress = new Progress(
      { isTTY, write: (part: string) => (text += part) },
      { task: 'replay', unit: 'lines', total, show },
    );
    for (let bytes = 0; bytes <= 1000; bytes++) progress.at(bytes, bytes);
    progress.clear();
    return text;
  };

  it('draws on a terminal alone, unless told otherwise', () => {
    expect(draw(true)).toContain('[');
    expect(draw(false)).toBe('');
    expect(draw(true, false)).toBe('');
    expect(draw(false, true)).toContain('[');
  });

  it('is throttled, and leaves nothing behind', () => {
    const text = draw(true);
    expect(text.split('\r').length).toBeLessThan(20);
    expect(text.endsWith('\r\u001b[2K')).toBe(true);
  });

  it('shows no bar for nothing', () => {
    expect(draw(true, true, 0)).toContain('lines');
  });
});
