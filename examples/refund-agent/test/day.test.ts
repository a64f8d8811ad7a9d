import { describe, expect, it } from 'vitest';
import { calls, wrongs } from './books.js';
import { covenant, runDay, without } from './support.js';

describe('the recorded day', () => {
  it('says what was asked, and not how it is to be decided', () => {
    const known = ['time', 'trace', 'customer', 'says', 'obeys', 'tool', 'arguments'];
    for (const call of calls) expect(Object.keys(call).filter((name) => !known.includes(name))).toEqual([]);
  });

  it('has hundreds of calls, benign and hijacked, each at a moment of its own', () => {
    const times = calls.map(({ time }) => Date.parse(time));
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    expect(calls.length).toBeGreaterThanOrEqual(300);
    expect(calls.filter(({ obeys }) => obeys !== undefined).length).toBeGreaterThanOrEqual(100);
  });
});

describe('the day under the covenant', () => {
  it('ends with books in which nothing is wrong, one row for each call, and the same decisions again', async () => {
    const day = await runDay(covenant);
    expect(day.good).toBe(true);
    expect(wrongs(day.shop)).toEqual(new Set());
    expect(day.table).toHaveLength(calls.length);
    expect(day.shop.ledger.filter(({ kind }) => kind === 'refund').length).toBeGreaterThan(20);
    expect((await runDay(covenant)).codes).toEqual(day.codes);
  });

  it('has no line wider than 100 columns, and no control character', async () => {
    const { text } = await runDay(covenant);
    expect(text.split('\n').filter((line) => line.length > 100)).toEqual([]);
    expect(text).not.toMatch(/[^\P{Cc}\n]/u);
  });
});

describe('the covenant without one of its statements', () => {
  it.each([
    ['require human.approval', 'approval'],
    ["when args.to != 'original-payment'", 'foreign'],
    ['when args.amount > @facts.order.refundable', 'order'],
    ['limit payments.refund', 'budget'],
    ['limit  vouchers.issue', 'vouchers'],
    ['limit  mail.send', 'mails'],
  ] as const)('no longer holds what “%s” held', async (words, kind) => {
    const day = await runDay(without(words));
    expect(wrongs(day.shop)).toContain(kind);
    expect(day.good).toBe(true); // what was written is as sound as ever
  });

  it('asks nobody when no line requires an approval', async () => {
    const { codes, text } = await runDay(without('require human.approval'));
    expect(codes.filter((code) => code.startsWith('obligation'))).toEqual([]);
    expect(text).not.toContain('obligation_pending');
  });

  it('still exports nothing without the deny: no line permits it, and the table says so', async () => {
    const day = await runDay(without('deny customers.export'));
    const exports = day.table.filter((row) => row.includes(' export_data '));
    expect(exports.length).toBeGreaterThan(0);
    for (const row of exports) expect(row).toContain('no_matching_permit');
    expect(wrongs(day.shop)).toEqual(new Set());
  });

  it('gives no money back without the permit', async () => {
    const { shop } = await runDay(without('permit payments.refund'));
    expect(shop.ledger.filter(({ kind }) => kind === 'refund')).toEqual([]);
    expect(shop.ledger.filter(({ kind }) => kind === 'mail').length).toBeGreaterThan(0);
  });

  it('does nothing at all without any', async () => {
    const { shop, codes } = await runDay('# nothing is permitted\n');
    expect(shop.ledger).toEqual([]);
    expect(codes).not.toContain('permitted');
  });
});
