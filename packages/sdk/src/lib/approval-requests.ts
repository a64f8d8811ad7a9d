/** The open requests of one monitor, in the store where those who approve find them. */
import { type ApprovalRequest, newApprovalRequest } from '@stele/core';
import { canonicalizeJson } from '@stele/crypto';
import type { ApprovalRecord, ApprovalState } from '@stele/store';
import type { Obligation } from '../decision.js';
import type { ApprovalSettings } from './approval-options.js';
import type { Governing } from './governing.js';
import { inTime } from './in-time.js';
import type { Snapshot } from './request.js';
import { Shared } from './shared.js';

/** A call that needs approval. */
export interface Asked {
  readonly request: Snapshot;
  readonly governing: Governing;
  /** Those of its obligations that are met by signatures. */
  readonly obligations: readonly Obligation[];
  readonly agent: string;
  /** That of the tool, where the request is of one and its contract can be told. */
  readonly toolDigest?: string | undefined;
}

/** Open requests of one agent, and of all agents of one audience. */
const MAX_OF_AGENT = 100;
const MAX_OF_AUDIENCE = 1_000;
/** All that are open of one agent, together: each of its calls that needs approval reads them. */
const MAX_BYTES_OF_AGENT = 2 * 1024 * 1024;
const PAGE = 100;
const RECOUNT_MS = 1_000;
/** A page may hold few records, or none. */
const MAX_PAGES = 1_000;

export interface RequestsOptions {
  readonly settings: ApprovalSettings;
  /** How long one call of the store may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Told of what becomes of requests, for the log. */
  readonly note: (kind: string, of: ApprovalRequest, facts?: Readonly<Record<string, string>>) => void;
  readonly onProblem: (error: unknown) => void;
}

export class ApprovalRequests {
  readonly #options: RequestsOptions;
  readonly #listings = new Map<string, Shared<ApprovalRecord[]>>();
  readonly #opening = new Map<string, Promise<ApprovalRecord | undefined>>();
  #turn: Promise<unknown> = Promise.resolve();
  #room = { left: 0, until: Number.NEGATIVE_INFINITY };

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  /**
   * The open requests for exactly this call, the oldest first.
   * @throws whatever the store throws
   */
  async matching(asked: Asked, now: number): Promise<ApprovalRecord[]> {
    return matchesAmong(await this.#openOf(asked.agent, now), this.#factsOf(asked));
  }

  /**
   * An open request for exactly this call; a new one where there is none. Calls at the same time share it.
   * @returns undefined where there are too many open ones already
   * @throws CovenantError `approval_malformed` for a call that is too large to be approved; whatever the store throws
   */
  matchingOrNew(asked: Asked, now: number): Promise<ApprovalRecord | undefined> {
    const facts = this.#factsOf(asked);
    const key = canonicalizeJson([contentOf(facts), facts.obligations]);
    const known = this.#opening.get(key);
    if (known !== undefined) return known;
    const opening = this.#openNew(facts, now).finally(() => this.#opening.delete(key));
    this.#opening.set(key, opening);
    return opening;
  }

  async #openNew(facts: Facts, now: number): Promise<ApprovalRecord | undefined> {
    const { settings, note } = this.#options;
    // Looked at before it is its turn, too: an agent that has too many does not keep others waiting.
    const before = await this.#openOf(facts.agent, now);
    if (before.length >= MAX_OF_AGENT) return matchesAmong(before, facts)[0];
    return this.#inTurn(async () => {
      const open = await this.#openOf(facts.agent, now);
      const [known] = matchesAmong(open, facts);
      if (known !== undefined) return known;
      const request = newApprovalRequest(facts, { now: new Date(now), expiresInMs: settings.expiresInMs });
      const bytes = [...open.map((one) => one.request), request].reduce((sum, one) => sum + sizeOf(one), 0);
      if (open.length >= MAX_OF_AGENT || bytes > MAX_BYTES_OF_AGENT) return undefined;
      if (!(await this.#hasRoom())) return undefined;
      await this.#ask((store) => store.open(request));
      this.#room.left--;
      note('approval.requested', request, { expiresAt: request.expiresAt });
      return { request, state: 'open' };
    });
  }

  /** The record of a request as it is now; undefined where there is none. */
  get(id: string): Promise<ApprovalRecord | undefined> {
    return this.#ask((store) => store.get(id));
  }

  /** Ends an open request. @returns false where it was open no more, or more was signed than was seen */
  settle(id: string, state: Exclude<ApprovalState, 'open'>, seen?: ApprovalRecord): Promise<boolean> {
    return this.#ask((store) => store.settle(id, state, seen));
  }

  /** Ends the open requests of every chain that holds a covenant. */
  async voidAll(covenant: string): Promise<void> {
    for await (const { request } of this.#open({ covenant }))
      if (request.covenants.includes(covenant)) await this.#void(request, 'revoked');
  }

  async #openOf(agent: string, now: number): Promise<ApprovalRecord[]> {
    let listing = this.#listings.get(agent);
    if (listing === undefined) {
      listing = new Shared(() => this.#listed(agent));
      this.#listings.set(agent, listing);
    }
    const open: ApprovalRecord[] = [];
    for (const record of await listing.get()) {
      if (now < Date.parse(record.request.expiresAt)) open.push(record);
      else await this.#expire(record.request);
    }
    return open;
  }

  async #listed(agent: string): Promise<ApprovalRecord[]> {
    const open: ApprovalRecord[] = [];
    for await (const record of this.#open({ agent })) if (record.request.agent === agent) open.push(record);
    return open.sort((a, b) => Date.parse(a.request.requestedAt) - Date.parse(b.request.requestedAt));
  }

  /** Counted once a second at most; what others open within that second is seen in the next. */
  async #hasRoom(): Promise<boolean> {
    const now = performance.now();
    if (now >= this.#room.until) {
      let left = MAX_OF_AUDIENCE;
      for await (const _ of this.#open({})) if (--left <= 0) break;
      this.#room = { left, until: now + RECOUNT_MS };
    }
    return this.#room.left > 0;
  }

  async *#open(filter: { agent?: string; covenant?: string }): AsyncGenerator<ApprovalRecord> {
    const { settings, onProblem } = this.#options;
    const { audience } = settings;
    const options = { ...filter, audience, state: 'open', limit: PAGE, onCorrupt: onProblem } as const;
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const from = cursor === undefined ? {} : { cursor };
      const { items, nextCursor } = await this.#ask((store) => store.list({ ...options, ...from }));
      for (const item of items) if (item.state === 'open' && item.request.audience === audience) yield item;
      if (nextCursor === undefined) return;
      cursor = nextCursor;
    }
    throw new Error('the store of approvals has no end');
  }

  /**
   * Nobody can answer it any more. What is said of it stays in the log; the store need not keep it, unless another was faster: by a
   * clock that is behind it may have been used, and only its record keeps it from being used again.
   */
  async #expire(request: ApprovalRequest): Promise<void> {
    try {
      if (await this.#void(request, 'expired')) await this.#ask((store) => store.delete(request.id));
    } catch (error) {
      this.#options.onProblem(error);
    }
  }

  async #void(request: ApprovalRequest, because: 'expired' | 'revoked'): Promise<boolean> {
    const isVoid = await this.settle(request.id, 'void');
    if (isVoid) this.#options.note('approval.void', request, { because });
    return isVoid;
  }

  #factsOf({ request, governing, obligations, agent, toolDigest }: Asked): Facts {
    const { action, resource, context } = request;
    return {
      audience: this.#options.settings.audience,
      agent,
      covenants: [...governing.ids],
      policy: governing.policy,
      obligations: obligations.map(({ name, covenant, line }) => ({ name, covenant, line })),
      action,
      resource,
      context,
      ...(toolDigest === undefined ? {} : { toolDigest }),
    };
  }

  #ask<T>(call: (store: ApprovalSettings['store']) => Promise<T>): Promise<T> {
    const { settings, timeoutMs } = this.#options;
    return inTime(
      () => call(settings.store),
      timeoutMs,
      () => {
        throw new Error('the store of approvals did not answer in time');
      },
    );
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(run);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

/** What is large in a request is its context. In characters, which are bytes but for a few. */
const sizeOf = ({ context }: ApprovalRequest): number => canonicalizeJson(context).length;

type Facts = Omit<ApprovalRequest, 'id' | 'nonce' | 'requestedAt' | 'expiresAt'>;

function matchesAmong(open: readonly ApprovalRecord[], facts: Facts): ApprovalRecord[] {
  const content = contentOf(facts);
  return open.filter(
    ({ request }) =>
      request.action === facts.action &&
      request.resource === facts.resource &&
      contentOf(request) === content &&
      // Whether an obligation applies may hang on the time: each that applies now must have been asked for.
      facts.obligations.every((one) => request.obligations.some((other) => isSame(one, other))),
  );
}

/** What must be the same for an approval to count. What the time is, is judged anew. */
function contentOf({ agent, covenants, policy, action, resource, context, toolDigest = '' }: Facts): string {
  const { time: _, ...facts } = context;
  return canonicalizeJson([agent, covenants, policy, action, resource, facts, toolDigest]);
}

const isSame = (one: Obligation, other: Obligation): boolean =>
  one.name === other.name && one.covenant === other.covenant && one.line === other.line;
