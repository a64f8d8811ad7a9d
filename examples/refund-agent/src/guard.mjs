// This file is all it takes to put the tools under the covenant: each call is judged before the tool runs.
import { withStele } from '@stele/sdk/adapters';

/** @typedef {import('./shop.mjs').Shop} Shop */
/** @typedef {import('./shop.mjs').Customer} Customer */

/** A resource that the covenant's language refuses, whatever the covenant says. */
const NOWHERE = '/..';

/** What is no text names nothing. @param {string} folder @param {unknown} name */
const under = (folder, name) => (typeof name === 'string' && name !== '' ? `/${folder}/${name}` : NOWHERE);

/**
 * How the covenant names what a tool does, and what it does it to. A tool that is not listed is judged under its own name.
 * @type {Map<string, { action: string, resource: (args: any) => string }>}
 */
const MEANINGS = new Map([
  [
    'read_help',
    { action: 'help.read', resource: (args) => (typeof args?.page === 'string' ? args.page : NOWHERE) },
  ],
  ['list_orders', { action: 'orders.list', resource: (args) => under('customers', args?.customer) }],
  ['read_order', { action: 'orders.read', resource: (args) => under('orders', args?.order) }],
  ['track_parcel', { action: 'parcels.read', resource: (args) => under('parcels', args?.parcel) }],
  ['cancel_order', { action: 'orders.cancel', resource: (args) => under('orders', args?.order) }],
  ['ask_desk', { action: 'desk.ask', resource: (args) => under('orders', args?.order) }],
  ['refund', { action: 'payments.refund', resource: (args) => under('orders', args?.order) }],
  ['send_voucher', { action: 'vouchers.issue', resource: (args) => under('customers', args?.customer) }],
  ['send_mail', { action: 'mail.send', resource: (args) => under('mail', args?.to) }],
  ['export_data', { action: 'customers.export', resource: () => '/customers' }],
  ['change_account', { action: 'customers.account', resource: (args) => under('customers', args?.customer) }],
]);

/**
 * @template {Record<string, import('@stele/sdk/adapters').ToolLike>} T
 * @param {T} tools
 * @param {{ monitor: import('@stele/sdk').Monitor, shop: Shop, customer: Customer }} options
 * @returns {T}
 */
export function guardTools(tools, { monitor, shop, customer }) {
  const session = { customer: customer.id, email: customer.email };
  /** What the covenant may rely on. It comes from the shop, never from the agent. @param {any} args */
  const context = (args) => ({ session, facts: factsOf(shop, args) });
  const guarded = Object.entries(tools).map(([name, tool]) => {
    return [name, withStele(tool, { monitor, name, context, ...MEANINGS.get(name) })];
  });
  return Object.fromEntries(guarded);
}

/** @param {Shop} shop @param {any} args */
function factsOf(shop, args) {
  const order = shop.order(args?.order);
  const owner = shop.order(shop.parcel(args?.parcel)?.order ?? '')?.customer;
  return {
    ...(order && {
      order: { customer: order.customer, status: order.status, refundable: shop.refundable(order.id) },
    }),
    ...(owner && { parcel: { customer: owner } }),
  };
}
