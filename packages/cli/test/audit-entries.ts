/** Entries as an agent's day leaves them, the same for the same numbers. */
import type { LogEntry } from '@stele/audit';
import { sha256 } from '@stele/crypto';

const START = Date.UTC(2026, 10, 30, 6);
const DAY_MS = 86_400_000;

const ACTIONS = [
  ['orders.read', '/orders/**'],
  ['orders.read', '/orders/**'],
  ['orders.read', '/orders/**'],
  ['payments.refund', '/orders/**'],
  ['mail.send', '/customers/*/mail'],
  ['http.get', '/api/**'],
  ['files.write', '/reports/**'],
] as const;

const DENIALS = [
  'denied_by_rule',
  'no_matching_permit',
  'no_matching_permit',
  'limit_exceeded',
  'revocation_unknown',
] as const;
const OUTCOMES = ['done', 'done', 'done', 'done', 'failed', 'not_performed', 'unknown'] as const;

const idOf = (name: string) => sha256(new TextEncoder().encode(name));

/** A generator of numbers from 0 to below a bound (mulberry32). */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) * below) / 2 ** 32;
  };
}

/** So many entries over one day: about half decisions, their outcomes, and now and then an event. */
export function* dayOf(count: number, seed = 1): Generator<LogEntry> {
  const roll = dice(seed);
  const covenants = Array.from({ length: 12 }, (_, i) => idOf(`covenant ${i}`));
  const pick = <T>(of: readonly T[]) => of[Math.floor(roll(of.length))] as T;
  let permitted: number | undefined;
  for (let index = 0; index < count; index++) {
    // More in the middle of the day than at its ends.
    const share = index / count;
    const time = new Date(
      START + DAY_MS * (share + 0.12 * Math.sin(2 * Math.PI * share) * 0.9),
    ).toISOString();
    if (permitted !== undefined) {
      yield { v: 1, kind: 'outcome', time, of: permitted, outcome: pick(OUTCOMES) };
      permitted = undefined;
      continue;
    }
    if (index % 997 === 500) {
      yield { v: 1, kind: 'key.rotated', time, key: idOf(`key ${index}`) };
      continue;
    }
    const [action, pattern] = pick(ACTIONS);
    const kind = roll(10);
    const decision = kind < 7 ? 'permit' : kind < 7.5 ? 'pending' : 'deny';
    const covenant = covenants[Math.floor(roll(12) * roll(1))] as string;
    if (decision === 'permit') permitted = index;
    yield {
      v: 1,
      kind: 'decision',
      time,
      mode: kind > 9.8 ? 'shadow' : 'enforce',
      covenant,
      chain: [idOf('root'), covenant],
      policy: idOf(`policy of ${covenant}`),
      agent: `https://acme.example/agents/${Math.floor(roll(5))}`,
      action,
      resource: pattern.replace('**', String(Math.floor(roll(10_000)))).replace('*', 'c7'),
      context: { args: { amount: Math.floor(roll(300)) } },
      decision,
      code:
        decision === 'permit' ? 'permitted' : decision === 'pending' ? 'obligation_pending' : pick(DENIALS),
      statements: [1 + Math.floor(roll(20))],
      pattern,
      obligations: decision === 'pending' ? ['human.approval'] : [],
      trace: idOf(`trace ${index}`).slice(0, 32),
    };
  }
}
