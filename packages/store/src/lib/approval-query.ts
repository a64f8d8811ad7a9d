/** What requests for approval are found by: who is asked, who asks, and how it stands. Never what is in the call. */
import { sha256 } from '@stele/crypto';
import type { ApprovalListOptions, ApprovalRecord, ApprovalState } from '../approval-store.js';
import { StoreError } from '../errors.js';
import { isRecordId } from './ids.js';
import { limitArgument } from './query.js';

const STATES: readonly unknown[] = ['open', 'used', 'denied', 'void'] satisfies ApprovalState[];
const FILTERS = ['audience', 'agent', 'covenant', 'state'] as const;
const OTHERS = ['limit', 'cursor', 'onCorrupt'];
/** A record has at most 64 tokens, and a request that many covenants: so covenants share tokens, and what is found is looked at. */
const COVENANT_GROUPS = 56;

type Filter = Pick<ApprovalListOptions, (typeof FILTERS)[number]>;

/** All tokens of a record, each once. */
export function approvalTokens({ request, state }: ApprovalRecord): string[] {
  const { audience, agent, covenants } = request;
  const tokens = [
    ...[asked(state, audience, agent), queue(state, audience)],
    ...[token('agent', agent), token('audience', audience), token('state', state)],
    ...covenants.map(covenantGroup),
  ];
  return [...new Set(tokens)];
}

/** The token that finds the fewest of those that are asked for, or undefined where none does. */
function tokenFor({ audience, agent, covenant, state }: Filter): string | undefined {
  if (state !== undefined && audience !== undefined)
    return agent === undefined ? queue(state, audience) : asked(state, audience, agent);
  if (agent !== undefined) return token('agent', agent);
  if (audience !== undefined) return token('audience', audience);
  if (state === 'open') return token('state', state);
  if (covenant !== undefined) return covenantGroup(covenant);
  return state && token('state', state);
}

const token = (field: string, value: string): string => `${field}:${sha256(value)}`;
const queue = (state: string, audience: string): string => token('queue', JSON.stringify([state, audience]));
const asked = (state: string, audience: string, agent: string): string =>
  token('asked', JSON.stringify([state, audience, agent]));
const covenantGroup = (id: string): string =>
  `covenant:${Number.parseInt(sha256(id).slice(0, 8), 16) % COVENANT_GROUPS}`;

export function isState(value: unknown): value is ApprovalState {
  return STATES.includes(value);
}

/** What `list` was asked for, checked. */
export interface ApprovalQuery {
  readonly token: string | undefined;
  readonly matches: (record: ApprovalRecord) => boolean;
  readonly limit: number;
  readonly after: string;
}

/** @throws TypeError for an unknown member: a misspelt filter must not list everything; RangeError (`limit`), StoreError `invalid_cursor` */
export function approvalQuery(options: ApprovalListOptions): ApprovalQuery {
  if (typeof options !== 'object' || options === null) throw new TypeError('filter must be an object');
  const unknown = Object.keys(options).find((name) => ![...FILTERS, ...OTHERS].includes(name));
  if (unknown !== undefined) throw new TypeError(`filter has no member ${JSON.stringify(unknown)}`);
  const { audience, agent, covenant, state, limit, cursor, onCorrupt } = options;
  for (const [name, value] of Object.entries({ audience, agent, covenant })) {
    if (value !== undefined && typeof value !== 'string') throw new TypeError(`${name} must be a string`);
  }
  if (state !== undefined && !isState(state)) throw new TypeError('state must be the state of a request');
  if (onCorrupt !== undefined && typeof onCorrupt !== 'function')
    throw new TypeError('onCorrupt must be a function');
  if (cursor !== undefined && !isRecordId('approval', cursor)) {
    throw new StoreError('invalid_cursor', 'the cursor was not made by this store', {
      hint: 'begin without a cursor',
    });
  }
  const wanted = { audience, agent, covenant, state };
  return {
    token: tokenFor(wanted),
    matches: (record) => fits(record, wanted),
    limit: limitArgument(limit),
    after: cursor ?? '',
  };
}

function fits({ request, state }: ApprovalRecord, wanted: Filter): boolean {
  return (
    (wanted.audience ?? request.audience) === request.audience &&
    (wanted.agent ?? request.agent) === request.agent &&
    (wanted.state ?? state) === state &&
    (wanted.covenant === undefined || request.covenants.includes(wanted.covenant))
  );
}
