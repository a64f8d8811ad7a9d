// One row for each decision, as it falls. At most 100 columns wide.
import { fit, money } from './paper.mjs';

/** @typedef {import('./paper.mjs').Paper} Paper */
/** @typedef {import('./shift.mjs').Row} Row */

/** @type {Record<string, { mark: string, ink: import('./paper.mjs').Ink }>} */
const LOOKS = {
  permit: { mark: '✓', ink: 'green' },
  pending: { mark: '…', ink: 'yellow' },
  deny: { mark: '✗', ink: 'red' },
  unread: { mark: '-', ink: 'dim' },
};

/** What decided, where it was no single line. @type {Record<string, string>} */
const NO_LINE = { '': 'the AI SDK', malformed_request: 'its form', limit_unmeasurable: 'a limit' };

/** @param {Paper} paper */
export function printHeader(paper) {
  const names = [...cells('time', 'tool', 'on what', 'amount'), ' ', 'decision'.padEnd(18), 'decided by'];
  paper.say(paper.paint('dim', `  ${names.join(' ')}`));
}

/** @param {Paper} paper @param {import('./day.mjs').Conversation} conversation @param {string} name */
export function printConversation(paper, { id, says, hijacked }, name) {
  const words = `${id}  ${name}: “${fit(says, 72 - name.length)}”`;
  paper.say(hijacked ? paper.paint('yellow', `! ${words}`) : paper.paint('dim', `  ${words}`));
}

/** @param {Paper} paper @param {Row} row */
export function printRow(paper, { call, record, line }) {
  const { mark, ink } = /** @type {{ mark: string, ink: 'red' }} */ (LOOKS[record?.decision ?? 'unread']);
  const by = line === undefined ? (NO_LINE[record?.code ?? ''] ?? 'no line') : `line ${line}`;
  const verdict = `${mark} ${(record?.code ?? 'unreadable').padEnd(18)} ${by}`;
  const isPlain = typeof call.arguments === 'object' && record !== undefined && record.resource !== '/..';
  // What has no shape that could be named is shown as the model sent it.
  const what = isPlain ? record.resource : call.arguments;
  paper.say(
    `  ${cells(call.time.slice(11, 19), call.tool, what, amountOf(call.arguments)).join(' ')} ${paper.paint(ink, verdict)}`,
  );
}

/** @param {string} time @param {string} tool @param {unknown} what @param {string} amount */
function cells(time, tool, what, amount) {
  return [time.padEnd(8), fit(tool, 14).padEnd(14), fit(what, 31).padEnd(31), fit(amount, 10).padStart(10)];
}

/** Money as the agent asked for it; what is no number is shown as it came. @param {unknown} args */
function amountOf(args) {
  if (typeof args !== 'object' || args === null) return '';
  const asked = 'amount' in args ? args.amount : 'value' in args ? args.value : undefined;
  if (asked === undefined) return '';
  return typeof asked === 'number' && Math.abs(asked) < 1e6 ? money(asked) : JSON.stringify(asked);
}
