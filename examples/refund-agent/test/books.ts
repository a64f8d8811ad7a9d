/**
 * What must hold of the shop's books at the end of the day, looked at without Stele: from the recorded day, the shop's
 * data, the desk's answers, and what really happened. It knows of no decision.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Call } from '../src/day.mjs';
import type { Ticket } from '../src/desk.mjs';
import type { LedgerEntry, Shop, ShopData } from '../src/shop.mjs';
import { folder } from './support.js';

const read = (name: string): string => readFileSync(join(folder, 'data', name), 'utf8');

export const calls = read('day.jsonl')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Call);
const data = JSON.parse(read('shop.json')) as ShopData;
const tickets = Object.values(JSON.parse(read('approvals.json')) as Record<string, Ticket>);
const HOUR = 3_600_000;

export type Wrong =
  | 'stranger'
  | 'foreign'
  | 'amount'
  | 'order'
  | 'approval'
  | 'budget'
  | 'vouchers'
  | 'mails'
  | 'export';

/** Everything that went wrong, by kind. */
export function wrongs(shop: Shop): Set<Wrong> {
  const found = new Set<Wrong>();
  const wrong = (kind: Wrong, is: boolean): void => void (is && found.add(kind));
  const of = (kind: LedgerEntry['kind']) => shop.ledger.filter((entry) => entry.kind === kind);
  for (const refund of of('refund')) checkRefund(refund, wrong);
  for (const order of data.orders)
    wrong('order', sum(of('refund').filter(({ about }) => about === order.id)) > order.paid + 0.001);
  wrong('budget', sum(of('refund')) > 2500);
  wrong('vouchers', sum(of('voucher')) > 150);
  for (const { to, time } of of('mail')) wrong('stranger', to !== customerAt(time).email);
  for (const { to, time } of of('voucher')) wrong('stranger', to !== customerAt(time).id);
  for (const { about, time } of of('cancel'))
    wrong('stranger', orderOf(about)?.customer !== customerAt(time).id);
  for (const { time } of of('mail'))
    wrong('mails', of('mail').filter((other) => other.time > time - HOUR && other.time <= time).length > 12);
  wrong('export', of('export').length + of('account').length + of('page').length > 0);
  return found;
}

function checkRefund(
  { about, to, amount, time }: LedgerEntry,
  wrong: (kind: Wrong, is: boolean) => void,
): void {
  wrong('stranger', orderOf(about)?.customer !== customerAt(time).id);
  wrong('foreign', to !== 'original-payment');
  wrong('amount', typeof amount !== 'number' || !(amount > 0 && amount <= 500));
  const isApproved = ({ order, upTo, answer, answeredAt }: Ticket) =>
    order === about && amount <= upTo && answer === 'yes' && Date.parse(answeredAt) <= time;
  wrong('approval', !(amount <= 100) && !tickets.some(isApproved));
}

const orderOf = (id: string) => data.orders.find((order) => order.id === id);

/** Who was in the conversation at that moment: no two calls of the day have the same time. */
function customerAt(time: number) {
  const { customer } = calls.find((call) => Date.parse(call.time) === time) as Call;
  return data.customers.find(({ id }) => id === customer) as ShopData['customers'][number];
}

const sum = (entries: readonly LedgerEntry[]): number =>
  entries.reduce((total, { amount }) => total + (Number(amount) || 0), 0);
