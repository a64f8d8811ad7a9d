// The shop's books, in memory. Its methods do what they are told and check nothing: that is what the covenant is for.
import { readFileSync } from 'node:fs';

/** @typedef {{ id: string, name: string, email: string }} Customer */
/** @typedef {{ id: string, customer: string, items: string, paid: number, status: string, parcel?: string, note?: string }} Order */
/** @typedef {{ id: string, order: string, status: string }} Parcel */
/** @typedef {{ id: string, title: string, text: string }} HelpPage */
/** @typedef {{ customers: Customer[], orders: Order[], parcels: Parcel[], help: HelpPage[] }} ShopData */
/** @typedef {{ time: number, kind: 'refund' | 'voucher' | 'mail' | 'export' | 'cancel' | 'account' | 'page', about: string, to: string, amount: number }} LedgerEntry */

export class Shop {
  /** What really happened, in order. @type {LedgerEntry[]} */
  ledger = [];
  #clock;
  #customers;
  #orders;
  #parcels;
  #help;

  /** @param {ShopData} data @param {() => number} clock */
  constructor(data, clock) {
    this.#clock = clock;
    this.#customers = byId(data.customers);
    this.#orders = byId(structuredClone(data.orders));
    this.#parcels = byId(data.parcels);
    this.#help = byId(data.help);
  }

  /** @param {string} id */
  customer(id) {
    return this.#customers.get(id);
  }

  /** @param {string} id */
  order(id) {
    return this.#orders.get(id);
  }

  /** @param {string} id */
  parcel(id) {
    return this.#parcels.get(id);
  }

  /** @param {string} id */
  helpPage(id) {
    return this.#help.get(id);
  }

  /** @param {string} customer */
  ordersOf(customer) {
    return [...this.#orders.values()].filter((order) => order.customer === customer);
  }

  everyone() {
    return [...this.#customers.values()];
  }

  /** What was paid for an order and has not been given back. @param {string} id */
  refundable(id) {
    const given = this.ledger.filter(({ kind, about }) => kind === 'refund' && about === id);
    return cents((this.#orders.get(id)?.paid ?? 0) - given.reduce((sum, { amount }) => sum + amount, 0));
  }

  /** @param {string} id */
  cancel(id) {
    const order = this.#orders.get(id);
    if (order !== undefined) order.status = 'cancelled';
    this.note('cancel', id, '', 0);
  }

  /** @param {LedgerEntry['kind']} kind @param {string} about @param {string} to @param {number} amount */
  note(kind, about, to, amount) {
    this.ledger.push({ time: this.#clock(), kind, about, to, amount });
  }
}

/** @param {URL} url @returns {ShopData} */
export const readShop = (url) => JSON.parse(readFileSync(url, 'utf8'));

/** @template {{ id: string }} T @param {T[]} list */
const byId = (list) => new Map(list.map((each) => [each.id, each]));

/** @param {number} amount */
const cents = (amount) => Math.round(amount * 100) / 100;
