// The colleagues at the desk, who approve refunds above a sum. Here a table of answers stands in for them.
import { readFileSync } from 'node:fs';

/** @typedef {{ order: string, upTo: number, answer: 'yes' | 'no', answeredAt: string, by: string }} Ticket */

export class Desk {
  #tickets;
  #clock;

  /** @param {Record<string, Ticket>} tickets @param {() => number} clock */
  constructor(tickets, clock) {
    this.#tickets = new Map(Object.entries(tickets));
    this.#clock = clock;
  }

  /** @param {string} order */
  ticketFor(order) {
    return [...this.#tickets].find(([, ticket]) => ticket.order === order)?.[0];
  }

  /**
   * Answers for the obligation `human.approval`: true, false, or 'pending' while nobody has answered. The ticket must be
   * for this very order and sum; that the agent names one proves nothing.
   * @type {import('@stele/sdk').ObligationHandler}
   */
  approve = (request) => {
    const args = /** @type {Record<string, unknown>} */ (request.context?.args);
    const ticket = this.#tickets.get(/** @type {string} */ (args.ticket));
    if (ticket === undefined || request.resource !== `/orders/${ticket.order}`) return false;
    if (typeof args.amount !== 'number' || args.amount > ticket.upTo) return false;
    if (this.#clock() < Date.parse(ticket.answeredAt)) return 'pending';
    return ticket.answer === 'yes';
  };
}

/** @param {URL} url @returns {Record<string, Ticket>} */
export const readTickets = (url) => JSON.parse(readFileSync(url, 'utf8'));
