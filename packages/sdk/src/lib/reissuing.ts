/** One run of reissues: every covenant of an old key again under the new one, parents before their children. */
import {
  type CheckResult,
  type CovenantDocument,
  checkReissue,
  type FindReissues,
  followContinuity,
  reissueCovenant,
  type VerifyOptions,
  verifyCovenant,
  verifyKeyContinuity,
} from '@stele/core';
import type { Signer } from '@stele/crypto';
import type { CovenantStore } from '@stele/store';
import { isSteleError, SteleError } from '@stele/types/errors';
import type { CovenantsToReissue, ReissueReport, ReissueResult, ReissueRunOptions } from '../reissue.js';

const MAX_COVENANTS = 100_000;
const MAX_CHAIN = 16;
const MAX_LINE = 64;
const MAX_STATEMENTS = 1_024;

export interface ReissueSetting {
  readonly store: CovenantStore;
  readonly signer: Signer;
  readonly did: string;
  /** As the client verifies at this moment. */
  readonly verifying: VerifyOptions & { readonly now: Date; readonly reissues: FindReissues };
  /** Told of each reissue that was stored, so that `reissues` finds it. */
  readonly stored: (document: CovenantDocument) => void;
  /** Statements of continuity. */
  readonly continuity: readonly unknown[];
  /** Told of each reissue before it is stored. */
  readonly record: (document: CovenantDocument) => Promise<void>;
}

export async function reissueAll(
  covenants: CovenantsToReissue | undefined,
  setting: ReissueSetting,
  options: ReissueRunOptions,
): Promise<ReissueReport> {
  const { compromised = [] } = options;
  if (covenants === undefined && compromised.length > 0) {
    throw new SteleError(
      'covenants_not_named',
      'which covenants of a compromised key are genuine must be said',
      {
        hint: 'Name the covenants to reissue: whoever had the key may have issued others.',
      },
    );
  }
  const before = await predecessors(setting);
  const ids = await gathered(covenants ?? issuedBy(before, setting.store));
  const run = new Run(ids, new Set([...before, ...compromised]), setting, options);
  const results: ReissueResult[] = [];
  for (const id of ids) {
    const current = await run.reissue(id);
    results.push(current);
    await options.onProgress?.({ done: results.length, total: ids.length, current });
  }
  const count = (status: ReissueResult['status']) => results.filter((each) => each.status === status).length;
  return {
    results,
    reissued: count('reissued'),
    already: count('already'),
    skipped: count('skipped'),
    failed: count('failed'),
  };
}

/** The keys that the signer's key has followed, by the statements alone. */
async function predecessors({ continuity, did, verifying }: ReissueSetting): Promise<string[]> {
  const { keyStatus } = verifying;
  const old = new Set<string>();
  for (const statement of continuity.slice(0, MAX_STATEMENTS)) {
    const { valid, continuity: read } = await verifyKeyContinuity(statement);
    if (valid && read !== undefined) old.add(read.oldKey);
  }
  const joined: string[] = [];
  for (const key of old) {
    const { keys } = await followContinuity(continuity, key, keyStatus === undefined ? {} : { keyStatus });
    if (key !== did && keys.includes(did)) joined.push(key);
  }
  return joined;
}

async function* issuedBy(issuers: readonly string[], store: CovenantStore): AsyncGenerator<CovenantDocument> {
  for (const issuer of issuers) yield* store.iterate({ issuer });
}

async function gathered(covenants: CovenantsToReissue): Promise<string[]> {
  // A string is iterable, too.
  if (typeof covenants === 'string') throw new TypeError('covenants must be an array or another iterable');
  const ids = new Set<string>();
  for await (const covenant of covenants) {
    ids.add(typeof covenant === 'string' ? covenant : covenant.id);
    if (ids.size > MAX_COVENANTS)
      throw new SteleError('too_many_covenants', `a run reissues ${MAX_COVENANTS} covenants at most`);
  }
  return [...ids];
}

class Run {
  readonly #asked: ReadonlySet<string>;
  readonly #old: ReadonlySet<string>;
  readonly #lost: ReadonlySet<string>;
  readonly #setting: ReissueSetting;
  readonly #options: ReissueRunOptions;
  readonly #results = new Map<string, ReissueResult>();

  constructor(
    ids: readonly string[],
    old: ReadonlySet<string>,
    setting: ReissueSetting,
    options: ReissueRunOptions,
  ) {
    this.#asked = new Set(ids);
    this.#old = old;
    this.#lost = new Set(options.compromised);
    this.#setting = setting;
    this.#options = options;
  }

  /** Never rejects: what goes wrong with one covenant does not keep the others from being reissued. */
  async reissue(id: string, depth = 0): Promise<ReissueResult> {
    const known = this.#results.get(id);
    if (known !== undefined) return known;
    const result = await this.#attempt(id, depth).catch((error: unknown) => failure(id, error));
    this.#results.set(id, result);
    return result;
  }

  async #attempt(id: string, depth: number): Promise<ReissueResult> {
    const { store, did } = this.#setting;
    const old = await store.get(id);
    if (old?.id !== id) return failed(id, 'covenant_missing', 'the store has no such covenant');
    if (old.issuer.id === did) return { covenant: id, status: 'skipped', reason: 'current' };
    if (!this.#old.has(old.issuer.id)) return { covenant: id, status: 'skipped', reason: 'not_ours' };
    // Before its own chain is judged: the parent's key may count for nothing until the parent is reissued.
    const parent = old.parent === undefined ? undefined : await this.#parent(old.parent, depth);
    const unfit = await this.#unfit(old);
    if (unfit !== undefined) return unfit;
    const next = await this.#next(old);
    if (next === undefined) return this.#make(old, parent);
    if (next.issuer.id === did) return { covenant: id, status: 'already', reissue: next.id };
    if (depth >= MAX_LINE) throw new SteleError('too_many_reissues', `${id} was reissued too often`);
    return this.#behind(id, await this.reissue(next.id, depth + 1));
  }

  /** A covenant that another old key has reissued stands where that reissue stands. */
  #behind(id: string, next: ReissueResult): ReissueResult {
    return next.status === 'reissued'
      ? { covenant: id, status: 'already', reissue: next.reissue }
      : { ...next, covenant: id };
  }

  /** The reissue of a parent under the new key: made now, if it is to be made in this run, or there already. */
  async #parent(id: string, depth: number): Promise<CovenantDocument | undefined> {
    const { store, did } = this.#setting;
    // No chain is longer; what stands deeper fails for that.
    if (this.#asked.has(id) && depth < MAX_CHAIN) await this.reissue(id, depth + 1);
    const parent = await store.get(id);
    if (parent === undefined || !this.#old.has(parent.issuer.id)) return undefined;
    const next = await this.#next(parent);
    return next?.issuer.id === did ? next : undefined;
  }

  /** Why a covenant is not to be reissued: it has ended, was revoked, or never held. */
  async #unfit(old: CovenantDocument): Promise<ReissueResult | undefined> {
    const { verifying } = this.#setting;
    if (old.expiresAt !== undefined && Date.parse(old.expiresAt) <= verifying.now.getTime())
      return { covenant: old.id, status: 'skipped', reason: 'ended' };
    const { checks } = await verifyCovenant(old, verifying);
    const problems = checks.filter((check) => !check.passed && check.warning !== true);
    const revoked = problems.find(({ name }) => name === 'not_revoked');
    if (revoked !== undefined && revoked.code === undefined)
      return { covenant: old.id, status: 'skipped', reason: 'revoked' };
    const problem = problems.find((check) => !this.#isBeside(check, old));
    return (
      problem && failed(old.id, problem.code ?? 'covenant_invalid', problem.message, { check: problem.name })
    );
  }

  /** What a reissue neither mends nor needs: trust in the old key, a beginning yet to come, a key that is lost. */
  #isBeside({ name, code }: CheckResult, { issuer, activatesAt }: CovenantDocument): boolean {
    if (name === 'trust') return true;
    // Without `activatesAt` it would begin when it is reissued, before it was to begin.
    if (name === 'active') return activatesAt !== undefined;
    return name === 'key_status' && code === undefined && this.#lost.has(issuer.id);
  }

  /** The valid reissue of a covenant that the store has, one under the new key before others. */
  async #next(old: CovenantDocument): Promise<CovenantDocument | undefined> {
    const { did, verifying } = this.#setting;
    const candidates = (await verifying.reissues(old.id)) as CovenantDocument[];
    const valid: CovenantDocument[] = [];
    for (const candidate of candidates) {
      const issuer = candidate.issuer.id;
      if (issuer !== did && !this.#old.has(issuer)) continue;
      if ((await checkReissue(candidate, old, verifying)).valid) valid.push(candidate);
    }
    return valid.find(({ issuer }) => issuer.id === did) ?? valid[0];
  }

  async #make(old: CovenantDocument, parent: CovenantDocument | undefined): Promise<ReissueResult> {
    const { store, signer, continuity, verifying, record, stored } = this.#setting;
    const compromised = this.#lost.has(old.issuer.id);
    const { now } = verifying;
    const draft = await reissueCovenant(old, {
      signer,
      continuity,
      compromised,
      now,
      ...(parent === undefined ? {} : { parent }),
    });
    const signed = await this.#countersigned(draft, compromised);
    const missing = lacking(signed);
    if (missing.length > 0) {
      const message = `the covenant requires ${missing.length} countersignatures that its reissue lacks`;
      return failed(old.id, 'countersignatures_missing', message, { missing, document: signed });
    }
    const { valid, reason } = await checkReissue(signed, old, verifying);
    if (!valid || signed.id !== draft.id)
      return failed(old.id, 'not_reissuable', reason ?? 'another document came back', { document: draft });
    await record(signed);
    await store.put(signed);
    stored(signed);
    return { covenant: old.id, status: 'reissued', reissue: signed.id };
  }

  async #countersigned(draft: CovenantDocument, compromised: boolean): Promise<CovenantDocument> {
    const missing = lacking(draft);
    const { countersign } = this.#options;
    if (countersign === undefined || (missing.length === 0 && !compromised)) return draft;
    return countersign(draft, missing);
  }
}

/** Of the required countersigners those whose proof is not there. Whether the others verify is looked at later. */
function lacking({ proof, requiredCountersigners = [] }: CovenantDocument): string[] {
  const signers = [proof].flat().map(({ verificationMethod }) => verificationMethod.split('#')[0]);
  return requiredCountersigners.filter((did) => !signers.includes(did));
}

type Failure = Extract<ReissueResult, { status: 'failed' }>;

function failed(
  covenant: string,
  code: string,
  message: string,
  more: Pick<Failure, 'check' | 'missing' | 'document'> = {},
): Failure {
  return { covenant, status: 'failed', code, message, ...more };
}

function failure(covenant: string, error: unknown): Failure {
  return isSteleError(error)
    ? failed(covenant, error.code, error.message)
    : failed(covenant, 'error', error instanceof Error ? error.message : 'an error without a message');
}
