// The recorded day: one tool call a line, as the model made it. Nothing in it says how a call is to be decided.
import { readFileSync } from 'node:fs';

/**
 * One call. `arguments` is a string where the model sent what is not quite JSON. `obeys` names who put the model up to
 * it, where that was not what the customer had asked for.
 * @typedef {{ time: string, trace: string, customer: string, says?: string, obeys?: string, tool: string, arguments: unknown }} Call
 */

/** @typedef {{ id: string, customer: string, says: string, hijacked: boolean, calls: [Call, ...Call[]] }} Conversation */

/** @param {URL} url @returns {Conversation[]} */
export function readDay(url) {
  /** @type {Map<string, Call[]>} */
  const calls = new Map();
  for (const line of readFileSync(url, 'utf8').trimEnd().split('\n')) {
    const call = /** @type {Call} */ (JSON.parse(line));
    calls.set(call.trace, [...(calls.get(call.trace) ?? []), call]);
  }
  return [...calls].map(([id, all]) => conversation(id, /** @type {[Call, ...Call[]]} */ (all)));
}

/** @param {string} id @param {[Call, ...Call[]]} calls */
function conversation(id, calls) {
  const { customer, says = '' } = calls[0];
  return { id, customer, says, hijacked: calls.some(({ obeys }) => obeys !== undefined), calls };
}

/** The clock of the day: it shows the time of the call that is being made. */
export class DayClock {
  now;

  /** @param {number} start milliseconds since 1970 */
  constructor(start) {
    this.now = start;
  }

  read = () => this.now;
}
