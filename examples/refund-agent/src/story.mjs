// The whole example, in the order in which it is told.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Lifecycle } from '@stele/sdk';
import { DayClock, readDay } from './day.mjs';
import { Desk, readTickets } from './desk.mjs';
import * as evidence from './evidence.mjs';
import { makeKeys, newStore, openLog, signCovenant, verifyStored } from './owner.mjs';
import { fit } from './paper.mjs';
import { workTheDay } from './shift.mjs';
import { readShop, Shop } from './shop.mjs';
import { printSummary } from './summary.mjs';
import { printConversation, printHeader, printRow } from './table.mjs';

/** @typedef {import('./paper.mjs').Paper} Paper */
/** @typedef {Awaited<ReturnType<typeof signTheCovenant>>} Signed */
/** @typedef {Awaited<ReturnType<typeof keepIt>>} Kept */
/** @typedef {Awaited<ReturnType<typeof work>>} Day */

const data = (/** @type {string} */ name) => new URL(`../data/${name}`, import.meta.url);

/** All that is ever written, by name; nothing else in the folder is touched. */
const NAMES = {
  store: 'store',
  covenant: 'covenant.json',
  log: 'log',
  private: 'log.private',
  keys: 'customer-keys',
  head: 'log.head',
  proof: 'decision.tlog-proof',
  damaged: 'damaged',
};

/** @typedef {typeof NAMES} Paths */

/**
 * @param {{ constraints: string, out: string, paper: Paper }} options `constraints` is the text of the covenant, `out`
 *   the folder to write to
 * @returns what happened, and `good`: whether everything was found as it must be
 */
export async function tellStory({ constraints, out, paper }) {
  const paths = prepare(out);
  const clock = new DayClock(Date.parse('2026-03-02T07:55:00Z'));
  const signed = await signTheCovenant(paper, constraints, clock);
  writeFileSync(paths.covenant, `${JSON.stringify(signed.covenant, null, 2)}\n`);
  const kept = await keepIt(paper, signed, paths, clock);
  const day = await work(paper, signed, kept, paths, clock);

  paper.step('What the day came to');
  printSummary(paper, { ...day, constraints });

  paper.step('What was written is checked, and so is whether damage to it is found');
  const good = await checkAll(paper, signed, kept, day, paths, clock);

  paper.step('A customer asks to be forgotten');
  const gone = await forget(paper, signed, kept, day, paths, clock);
  return { ...day, good: good && gone && signed.good && kept.good };
}

/** @param {string} out @returns {Paths} */
function prepare(out) {
  mkdirSync(out, { recursive: true });
  const each = Object.entries(NAMES).map(([key, name]) => [key, join(out, name)]);
  const paths = /** @type {Paths} */ (Object.fromEntries(each));
  for (const path of Object.values(paths)) rmSync(path, { recursive: true, force: true });
  for (const folder of [paths.store, paths.damaged]) mkdirSync(folder, { mode: 0o700 });
  return paths;
}

/** @param {Paper} paper @param {string} constraints @param {DayClock} clock */
async function signTheCovenant(paper, constraints, clock) {
  paper.step('Three keys are made');
  const keys = await makeKeys();
  paper.say(`   The owner of the shop   ${keys.owner.did}`);
  paper.say(`   The agent               ${keys.agent.did}`);
  paper.say(`   The log of decisions    ${keys.log.did}`);
  paper.say('\n   The private halves stay in memory and are gone when this program ends.');

  paper.step('The owner signs what the agent may do: covenant.ccl');
  const now = new Date(clock.now);
  const covenant = await signCovenant(constraints, keys, now);
  const { valid } = await verifyStored(covenant, keys.owner, now);
  const rules = constraints.split('\n').filter((line) => /^\s*[^\s#]/.test(line));
  paper.say(`   ${rules.length} lines, such as\n`);
  for (const rule of rules.filter((line) => line.includes('payments.refund')).slice(0, 4))
    paper.say(`     ${fit(rule, 94)}`);
  paper.say(`\n   The signed document is ${covenant.id.slice(0, 36)}…`);
  paper.finding(valid, 'Anyone who knows the owner’s public key can check it, offline.');
  return { keys, covenant, good: valid };
}

/** @param {Paper} paper @param {Signed} signed @param {Paths} paths @param {DayClock} clock */
async function keepIt(paper, { keys, covenant }, paths, clock) {
  paper.step('It is entered in the log, stored encrypted, and read back');
  const { log, key } = await openLog(paths.log, paths.keys, keys.log, clock);
  await new Lifecycle(log, { clock: clock.read }).covenantPut(covenant);
  const { store, kind, encryptionKey } = newStore(paths.store);
  await store.put(covenant);
  const stored = await store.get(covenant.id);
  const { valid, checks } = await verifyStored(stored, keys.owner, new Date(clock.now));
  paper.say(`   Kept in ${kind}, sealed with AES-256-GCM. The key to it, too, stays in memory.`);
  paper.finding(valid, `Read back and verified: ${checks.length} checks, from the signature to the dates.`);
  return { store, encryptionKey, covenant: stored ?? covenant, log, key, good: valid };
}

/** @param {Paper} paper @param {Signed} signed @param {Kept} kept @param {Paths} paths @param {DayClock} clock */
async function work(paper, { keys }, { store, covenant, log }, paths, clock) {
  const conversations = readDay(data('day.jsonl'));
  const shop = new Shop(readShop(data('shop.json')), clock.read);
  const desk = new Desk(readTickets(data('approvals.json')), clock.read);
  const calls = conversations.reduce((sum, each) => sum + each.calls.length, 0);
  paper.step('The agent works through Monday, 2 March 2026');
  introduceDay(paper, conversations.length, calls);
  printHeader(paper);
  /** @type {string[]} */
  const checkpoints = [];
  const day = await workTheDay({
    covenant,
    store,
    owner: keys.owner.did,
    agent: keys.agent.did,
    conversations,
    shop,
    desk,
    clock,
    log,
    atNoon: async () => {
      checkpoints.push(await log.checkpoint());
      cpSync(paths.log, join(paths.damaged, 'noon'), { recursive: true });
    },
    onConversation: (each) => printConversation(paper, each, shop.customer(each.customer)?.name ?? ''),
    onRow: (row) => printRow(paper, row),
  });
  checkpoints.push(readFileSync(join(paths.log, 'checkpoint'), 'utf8'));
  return { ...day, shop, calls, checkpoints };
}

/** @param {Paper} paper @param {number} conversations @param {number} calls */
function introduceDay(paper, conversations, calls) {
  paper.say(
    `   ${conversations} conversations with ${calls} tool calls. The language model is a script that says what was`,
  );
  paper.say('   recorded; the AI SDK, the tools and the decisions are real, and the clock shows the time of');
  paper.say('   the recording. Where a person must approve, a table (data/approvals.json) answers for the');
  paper.say('   colleague at the desk. In a conversation marked ! somebody else gives the agent orders;');
  paper.say('   the monitor is not told, it looks at what each call asks for.\n');
}

/**
 * @param {Paper} paper @param {Signed} signed @param {Kept} kept @param {Day} day @param {Paths} paths
 * @param {DayClock} clock
 */
async function checkAll(paper, { keys }, { store, encryptionKey, covenant, key }, day, paths, clock) {
  const again = await verifyStored(await store.get(covenant.id), keys.owner, new Date(clock.now));
  await store.close();
  const inDamaged = (/** @type {string} */ name) => join(paths.damaged, name);
  const held = { folder: paths.log, key, checkpoints: day.checkpoints };
  const customers = day.shop.everyone().map(({ email }) => email);
  const findings = [
    { good: again.valid, text: 'The stored covenant verifies, as at the beginning.' },
    await evidence.checkLog(held, day.rows),
    await evidence.checkProof(held, day.rows, paths.proof),
    await evidence.checkFlippedLog(held, inDamaged('flipped')),
    ...(await evidence.checkOldLog(held, inDamaged('noon'))),
    await evidence.checkFlippedStore(paths.store, inDamaged('store'), covenant.id, encryptionKey),
    evidence.checkNotIn(
      paths.store,
      ['payments.refund'],
      'Without the key nobody reads the store: “payments.refund” is in none of its files.',
    ),
    evidence.checkNotIn(
      paths.log,
      customers,
      'The log can be shown to anyone: the address of no customer is in it.',
    ),
  ];
  if (day.rows.length !== day.calls || day.rows.some(({ record, failed }) => record !== undefined && failed))
    findings.push({ good: false, text: 'Some calls of the day were not made, or a tool failed.' });
  for (const { good, text } of findings) paper.finding(good, text);
  tellOfKey(paper, key);
  return findings.every(({ good }) => good);
}

/** @param {Paper} paper @param {string} key */
function tellOfKey(paper, key) {
  paper.say('\n   Whoever has the public key of the log can check all of it, offline:\n');
  paper.say(`     ${key}\n`);
  paper.say(
    '   Whoever also kept a checkpoint can tell that nothing up to it was changed or cut off since. What',
  );
  paper.say(
    '   the shop might have left out before nobody can tell, unless witnesses cosign its checkpoints.',
  );
}

/**
 * @param {Paper} paper @param {Signed} signed @param {Kept} kept @param {Day} day @param {Paths} paths @param {DayClock} clock
 */
async function forget(paper, { keys }, { key }, day, paths, clock) {
  const { log } = await openLog(paths.log, paths.keys, keys.log, clock);
  const held = { folder: paths.log, key, checkpoints: day.checkpoints };
  const findings = await evidence.checkForgetting(held, log, day.rows, paths.proof);
  for (const { good, text } of findings) paper.finding(good, text);
  return findings.every(({ good }) => good);
}
