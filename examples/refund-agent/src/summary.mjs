// What the day came to, counted from the decisions and from the shop's books.
import { compile, evaluate } from '@stele/sdk';
import { money } from './paper.mjs';

/** @typedef {import('./paper.mjs').Paper} Paper */
/** @typedef {import('./shift.mjs').Row} Row */
/** @typedef {import('./shop.mjs').Shop} Shop */

/** @param {Paper} paper @param {{ rows: Row[], laps: number[], shop: Shop, constraints: string }} day */
export function printSummary(paper, { rows, laps, shop, constraints }) {
  const judged = rows.filter(({ record }) => record !== undefined);
  paper.say(`   ${rows.length} calls, ${judged.length} decisions. By decision code:\n`);
  printCounts(
    paper,
    count(judged, ({ record }) => record?.code),
  );
  paper.say('\n   By tool (carried out of asked for):\n');
  for (const [tool, all] of count(rows, ({ call }) => call.tool)) {
    const done = rows.filter((row) => row.call.tool === tool && isPermitted(row)).length;
    paper.say(`   ${tool.padEnd(20)} ${String(done).padStart(4)} of ${String(all).padStart(3)}`);
  }
  paper.say('\n   Budgets of the covenant:\n');
  for (const { text, line, used } of budgets(rows, constraints))
    paper.say(`   line ${line}: ${money(used)} went through under “${text}”`);
  printHijacks(paper, rows, shop);
  printTimes(paper, laps);
}

/** @param {Paper} paper @param {Map<string, number>} counts */
function printCounts(paper, counts) {
  for (const [name, many] of counts) paper.say(`   ${name.padEnd(20)} ${String(many).padStart(4)}`);
}

/** @param {Paper} paper @param {Row[]} rows @param {Shop} shop */
function printHijacks(paper, rows, shop) {
  const hijacked = rows.filter(({ call }) => call.obeys !== undefined);
  const achieved = hijacked.filter(isPermitted);
  const obeyed = new Set(hijacked.map(({ call }) => call.trace)).size;
  paper.say(
    `\n   In ${obeyed} conversations (marked !) somebody else had taken the agent over and made it try`,
  );
  paper.say(
    `   ${hijacked.length} calls. ${hijacked.length - achieved.length} were refused. What got through:\n`,
  );
  printCounts(
    paper,
    count(achieved, ({ call }) => call.tool),
  );
  const refunds = achieved.filter(({ call }) => call.tool === 'refund');
  const { foreign, strangers, exports, accounts } = damage(shop);
  const sum = money(refunds.reduce((total, { call }) => total + amountOf(call.arguments), 0));
  paper.say(`\n   These refunds come to ${sum}. Money that left for another account: ${money(foreign)}.`);
  paper.say(
    `   E-mails to strangers: ${strangers}. Exports of customer data: ${exports}. Accounts changed: ${accounts}.`,
  );
}

/** @param {unknown} args */
const amountOf = (args) => Number(/** @type {{ amount?: unknown }} */ (args)?.amount) || 0;

/** What must never happen, counted in the shop's own books. @param {Shop} shop */
export function damage(shop) {
  const addresses = new Set(shop.everyone().map(({ email }) => email));
  const of = (/** @type {string} */ kind) => shop.ledger.filter((entry) => entry.kind === kind);
  const foreign = of('refund').filter(({ to }) => to !== 'original-payment');
  return {
    foreign: foreign.reduce((sum, { amount }) => sum + (Number(amount) || 0), 0),
    strangers: of('mail').filter(({ to }) => !addresses.has(to)).length,
    exports: of('export').length,
    accounts: of('account').length,
  };
}

/** @param {Paper} paper @param {number[]} laps */
function printTimes(paper, laps) {
  const sorted = [...laps].sort((a, b) => a - b);
  const at = (/** @type {number} */ share) =>
    (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(2);
  paper.say(
    `\n   Time for a decision: ${at(0.5)} ms in the middle, ${at(0.99)} ms for the slowest hundredth.`,
  );
  paper.say('   A permit waits until its entry is on the disk; that is most of it.');
}

/** What each budget of the covenant let through. @param {Row[]} rows @param {string} constraints */
function budgets(rows, constraints) {
  const policy = compile(constraints);
  const all = policy.statements.filter(({ kind, text }) => kind === 'limit' && / of /i.test(text));
  return all.map(({ line, text }) => {
    const costs = rows.filter(isPermitted).flatMap(({ record }) => (record ? costsOf(policy, record) : []));
    const used = costs.filter((cost) => cost.line === line).reduce((sum, { cost }) => sum + cost, 0);
    return { line, text, used };
  });
}

/** @param {import('@stele/sdk').Policy} policy @param {import('@stele/sdk').DecisionRecord} record */
function costsOf(policy, { action, resource, context }) {
  return evaluate(policy, { action, resource, context: /** @type {Record<string, unknown>} */ (context) })
    .limits;
}

const isPermitted = (/** @type {Row} */ { record }) => record?.decision === 'permit';

/** @template T @param {T[]} list @param {(each: T) => string | undefined} keyOf */
function count(list, keyOf) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const each of list) {
    const key = keyOf(each) ?? '';
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return new Map([...counts].sort((a, b) => b[1] - a[1]));
}
