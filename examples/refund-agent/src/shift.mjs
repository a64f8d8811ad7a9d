// The agent's working day under the covenant: every call is judged, recorded, and only then carried out or refused.
import { CovenantDeniedError, createMonitor } from '@stele/sdk';
import { talk } from './agent.mjs';
import { guardTools } from './guard.mjs';
import { Stopwatch } from './stopwatch.mjs';
import { shopTools } from './tools.mjs';

/** @typedef {import('@stele/sdk').DecisionRecord} DecisionRecord */
/** @typedef {import('@stele/sdk').Decision} Decision */
/** @typedef {import('@stele/sdk').DecisionSink} DecisionSink */
/** @typedef {import('./day.mjs').Call} Call */
/** @typedef {import('./day.mjs').Conversation} Conversation */

/**
 * One call and what became of it. There is no `record` of a call that the AI SDK could not read: it never got as far as
 * the monitor. `place` is the number of its entry in the log.
 * @typedef {{ call: Call, record?: DecisionRecord, place?: Promise<number>, line?: number, failed: boolean }} Row
 */

/**
 * @param {object} options
 * @param {import('@stele/sdk').CovenantDocument} options.covenant
 * @param {import('@stele/sdk').CovenantStore} options.store where revocations would be
 * @param {string} options.owner the did:key that is trusted
 * @param {string} options.agent the agent's did:key
 * @param {Conversation[]} options.conversations
 * @param {import('./shop.mjs').Shop} options.shop
 * @param {import('./desk.mjs').Desk} options.desk
 * @param {import('./day.mjs').DayClock} options.clock
 * @param {import('@stele/sdk').AuditLog} options.log where the decisions go
 * @param {() => Promise<void>} options.atNoon
 * @param {(conversation: Conversation) => void} options.onConversation
 * @param {(row: Row) => void} options.onRow
 */
export async function workTheDay(options) {
  const { covenant, store, conversations, shop, desk, clock, log, onConversation, onRow } = options;
  /** @type {Seen | undefined} */
  let latest;
  const monitor = await createMonitor({
    covenant,
    store,
    trust: [options.owner],
    agent: options.agent,
    obligations: { 'human.approval': desk.approve },
    sink: watched(log, (seen) => {
      latest = seen;
    }),
    clock: clock.read,
  });
  const stopwatch = new Stopwatch();
  /** @type {Row[]} */
  const rows = [];

  const afternoon = conversations.findIndex(({ calls: [first] }) => first.time.slice(11) >= '12:00');
  for (const [i, conversation] of conversations.entries()) {
    if (i === afternoon) await options.atNoon();
    onConversation(conversation);
    const customer = shop.customer(conversation.customer);
    if (customer === undefined) throw new Error(`the shop has no customer ${conversation.customer}`);
    const tools = stopwatch.around(shopTools(shop, desk), (bare) =>
      guardTools(bare, { monitor, shop, customer }),
    );
    await talk(conversation, tools, {
      clock,
      onCall: (call, error) => {
        const row = rowOf(call, latest, error);
        latest = undefined;
        rows.push(row);
        onRow(row);
      },
    });
  }
  await monitor.close();
  return { rows, laps: stopwatch.laps };
}

/** @typedef {{ record: DecisionRecord, place: Promise<number> }} Seen */

/** A sink may be anything that has `append`: this one lets us look at each decision on its way to the log. */
function watched(/** @type {import('@stele/sdk').AuditLog} */ log, /** @type {(seen: Seen) => void} */ see) {
  /** @type {DecisionSink} */
  const sink = {
    append(entry) {
      const receipt = log.append(entry);
      if (entry.kind === 'decision') see({ record: entry, place: receipt.then(({ index }) => index) });
      return receipt;
    },
    get lastTime() {
      return log.lastTime;
    },
    close: () => log.close(),
  };
  return sink;
}

/** @param {Call} call @param {Seen | undefined} seen @param {unknown} error @returns {Row} */
function rowOf(call, seen, error) {
  if (seen === undefined) return { call, failed: true };
  const { record, place } = seen;
  const line = error instanceof CovenantDeniedError ? lineOf(error.decision) : record.statements[0];
  const failed = error !== undefined && !(error instanceof CovenantDeniedError);
  return { call, record, place, failed, ...(line === undefined ? {} : { line }) };
}

/** The deny that applies, the limit that has no room, or what must happen first. @param {Decision} decision */
function lineOf({ code, matched, limits, obligations }) {
  if (code === 'denied_by_rule') return matched[0]?.line;
  if (code === 'limit_exceeded') return limits.find(({ remaining = 0, cost }) => remaining < cost)?.line;
  return obligations[0]?.line;
}
