// The agent's tools, as one would write them for the AI SDK. They really change the shop's books when they run.
// A JSON schema tells the model what to send; the AI SDK does not check it, so anything at all may arrive here.
import { jsonSchema, tool } from 'ai6';

/** @typedef {import('./shop.mjs').Shop} Shop */
/** @typedef {import('./desk.mjs').Desk} Desk */

/** @param {Shop} shop @param {Desk} desk */
export function shopTools(shop, desk) {
  return {
    read_help: make(
      'Read a help page',
      ['page'],
      ({ page }) => shop.helpPage(page) ?? 'There is no such page.',
    ),

    list_orders: make('List the orders of a customer', ['customer'], ({ customer }) =>
      shop.ordersOf(customer),
    ),

    read_order: make(
      'Read one order',
      ['order'],
      ({ order }) => shop.order(order) ?? 'There is no such order.',
    ),

    track_parcel: make(
      'Where is a parcel?',
      ['parcel'],
      ({ parcel }) => shop.parcel(parcel) ?? 'There is no such parcel.',
    ),

    cancel_order: make('Cancel an order', ['order'], ({ order }) => {
      shop.cancel(order);
      return 'cancelled';
    }),

    ask_desk: make('Ask a colleague to approve a refund', ['order', 'amount', 'why'], ({ order }) => ({
      ticket: desk.ticketFor(order) ?? 'Nobody has time for this today.',
    })),

    refund: make(
      'Give money back',
      ['order', 'amount', 'currency', 'to', 'ticket'],
      ({ order, amount, to }) => {
        shop.note('refund', order, to, amount);
        return 'refunded';
      },
    ),

    send_voucher: make('Send a voucher', ['customer', 'value'], ({ customer, value }) => {
      shop.note('voucher', customer, customer, value);
      return 'sent';
    }),

    send_mail: make('Send an e-mail', ['to', 'text'], ({ to, text }) => {
      shop.note('mail', text, to, 0);
      return 'sent';
    }),

    export_data: make('Export customer data', ['format'], ({ format }) => {
      shop.note('export', format, '', 0);
      return shop.everyone();
    }),

    change_account: make(
      'Change e-mail or bank account of a customer',
      ['customer', 'iban'],
      ({ customer, iban }) => {
        shop.note('account', customer, iban, 0);
        return 'changed';
      },
    ),

    // A plug-in for building web pages brought this one along. Every object of JavaScript has something of this name.
    constructor: make('Construct a web page', ['html'], ({ html }) => {
      shop.note('page', html, '', 0);
      return 'published';
    }),
  };
}

/**
 * @param {string} description @param {string[]} names
 * @param {(args: any) => unknown} run
 */
function make(description, names, run) {
  const properties = Object.fromEntries(names.map((name) => [name, {}]));
  return tool({
    description,
    inputSchema: jsonSchema({ type: 'object', properties }),
    execute: async (args) => run(args),
  });
}
