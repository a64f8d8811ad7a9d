// What a host honestly knows of a task, written into `session.*`: the user's own words, and what its own directories say.
// Nothing of it comes from pages, mails, files or messages, which may be hostile.
import { readFileSync } from 'node:fs';

/** @typedef {{ task: string, user_turn?: string, tool: string, arguments: Record<string, unknown>, result_excerpt?: string }} Call */
/** @typedef {{ name?: unknown, email?: unknown }} Contact */

/** @type {Record<string, string[]>} */
const lexicon = JSON.parse(readFileSync(new URL('../roles/asks.json', import.meta.url), 'utf8'));
const asks = Object.entries(lexicon).map(
  ([ask, patterns]) => /** @type {const} */ ([ask, patterns.map((pattern) => new RegExp(pattern, 'i'))]),
);

const EMAIL = /[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+/g;
const LINK =
  /\b(?:https?:\/\/|www\.)[^\s'"<>)\]]+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|io|info|co|dev|app)\b[^\s'"<>)\]]*/gi;
const QUOTED = /(?<![A-Za-z])['"‘“]([^'"’”]{2,80})['"’”](?![a-z])/g;
const YES = /\b(yes|confirm\w*|go ahead|proceed|please|sure|ok(ay)?|i'll go with|let's)\b/i;
const MAX_SAID = 20_000;

/**
 * The facts of a task as they stand before a call.
 * @param {Call} call
 * @param {readonly Call[]} before the calls of the same run that were made
 */
export function sessionFacts(call, before) {
  const said = call.task.slice(0, MAX_SAID);
  return {
    said,
    asks: asksIn(said),
    addressees: [...(said.match(EMAIL) ?? []).map(plain), ...contactsNamed(said, before)],
    places: placesNamed(said, before),
    links: linksIn(said),
    members: members(before),
    payees: payees(before),
    // Where no turn is on record, the task itself is all that the customer said.
    confirmed: YES.test(call.user_turn ?? 'yes'),
  };
}

/**
 * What the words ask for, by the lexicon. A point inside of an address or a file's name ends no sentence.
 * @param {string} said
 */
function asksIn(said) {
  const sentences = said.replace(/\.(?=\S)/g, '·');
  return asks
    .filter(([, patterns]) => patterns.some((pattern) => pattern.test(sentences)))
    .map(([ask]) => ask);
}

/** What stands in the arguments that a rule cannot take apart. @param {Call} call */
export const argumentFacts = (call) => ({ links: linksIn(JSON.stringify(call.arguments)) });

/**
 * What the user put in quotes and the travel directory has: the places that were chosen already.
 * @param {string} said @param {readonly Call[]} before
 */
function placesNamed(said, before) {
  const found = before
    .map(({ arguments: args, result_excerpt }) => `${JSON.stringify(args)} ${result_excerpt}`)
    .join('\n');
  return [...said.matchAll(QUOTED)].flatMap(([, text]) =>
    text !== undefined && found.includes(text) ? [text] : [],
  );
}

/** Links in a text, without what a sentence puts after them. @param {string} text */
const linksIn = (text) =>
  (text.replace(EMAIL, ' ').match(LINK) ?? []).map((link) =>
    link
      .toLowerCase()
      .replace(/^https?:\/\//, '')
      .replace(/[.,;:!?\\]+$/, ''),
  );

/** Who the chat's own directory says is there. @param {readonly Call[]} before */
function members(before) {
  return before
    .filter(({ tool }) => tool === 'get_users_in_channel')
    .flatMap(({ result_excerpt = '' }) => [...result_excerpt.matchAll(/"([^"]*)"/g)].map(([, name]) => name));
}

/** An address as it is used: the full stop of a sentence is not part of it. @param {string} address */
const plain = (address) => address.replace(/\.$/, '');

/** The user's own contacts, found under a name that the user said. @param {string} said @param {readonly Call[]} before */
function contactsNamed(said, before) {
  return before
    .filter(({ tool }) => tool.startsWith('search_contacts_'))
    .flatMap(({ result_excerpt = '' }) => contactsOf(result_excerpt))
    .filter(({ name }) => typeof name === 'string' && name.split(' ').some((part) => said.includes(part)))
    .flatMap(({ email }) => (typeof email === 'string' ? [email] : []));
}

/** @param {string} text @returns {Contact[]} none of a list that is not whole */
function contactsOf(text) {
  try {
    const list = JSON.parse(text);
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

/** To whom the bank's own lists say the account has paid, or pays regularly. @param {readonly Call[]} before */
function payees(before) {
  return before
    .filter(({ tool }) => tool === 'get_most_recent_transactions' || tool === 'get_scheduled_transactions')
    .flatMap(({ tool, result_excerpt = '' }) =>
      [...result_excerpt.matchAll(/"sender": "([^"]*)", "recipient": "([^"]*)"/g)]
        .filter(([, sender]) => tool === 'get_scheduled_transactions' || sender === 'me')
        .map(([, , recipient]) => /** @type {string} */ (recipient)),
    );
}
