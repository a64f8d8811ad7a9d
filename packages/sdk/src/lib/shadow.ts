/**
 * A candidate covenant beside the live one. It is judged by its rules alone and without effect: it charges nothing, asks for no
 * approval, and nothing waits for it. What it would decide otherwise is recorded, with the mode `shadow`.
 */
import { appliedLimits, type Judged } from './charging.js';
import type { Deciding } from './entry.js';
import { type Governing, type GoverningOptions, govern, type Objection } from './governing.js';
import { DEFAULT_TIMEOUT_MS } from './in-time.js';
import { obligationsOf } from './obligations.js';
import { notAgreed } from './pinned.js';
import type { Recorder } from './recorder.js';
import type { Snapshot } from './request.js';
import { evaluate } from './telemetry-calls.js';
import { denied, judgedDenial, permitted, type Verdict } from './verdict.js';

/** How often a candidate was judged, and how often its rules would have decided otherwise. */
export interface ShadowCounts {
  readonly judged: number;
  readonly differs: number;
}

/** What rules make of a request: an approval may be asked for in between. */
export type Effect = 'permit' | 'pending' | 'deny';

/** A candidate that does not verify is looked at again no sooner, in milliseconds. */
const AGAIN_MS = 1_000;

export class Shadow {
  readonly #options: GoverningOptions;
  readonly #recorder: Recorder;
  #found: { readonly governing: Governing | Objection; readonly at: number } | undefined;
  #judged = 0;
  #differs = 0;

  constructor(options: GoverningOptions, recorder: Recorder) {
    this.#options = options;
    this.#recorder = recorder;
  }

  get counts(): ShadowCounts {
    return { judged: this.#judged, differs: this.#differs };
  }

  /** @param live what the rules of the live covenants made of the same request */
  async judge(request: Snapshot, live: Effect, about: Deciding): Promise<void> {
    const governing = await this.#governing(about.now);
    const objection =
      'links' in governing ? await notAgreed(governing.pinned, about.tool, DEFAULT_TIMEOUT_MS) : governing;
    const verdict =
      objection === undefined
        ? verdictOf(governing as Governing, request)
        : denied(objection.code, objection.reason, objection);
    this.#judged++;
    if (effectOf(verdict) === live) return;
    this.#differs++;
    this.#recorder.shadow(verdict, { ...about, governing: 'links' in governing ? governing : undefined });
  }

  async #governing(now: number): Promise<Governing | Objection> {
    const found = this.#found;
    if (found !== undefined && ('links' in found.governing || now - found.at < AGAIN_MS))
      return found.governing;
    const governing = await govern(this.#options, new Date(now));
    this.#found = { governing, at: now };
    return governing;
  }
}

function verdictOf(governing: Governing, request: Snapshot): Verdict {
  const judged = governing.links.map(
    (link): Judged => ({ link, evaluation: evaluate(link.policy, request) }),
  );
  const denial = judged.find(({ evaluation }) => !evaluation.permitted);
  if (denial !== undefined) return judgedDenial(denial, governing);
  const obligations = obligationsOf(judged);
  const permit = permitted(judged, appliedLimits(judged), obligations);
  if (obligations.length === 0) return permit;
  const { code, retryable } = denied('obligation_pending', '');
  return { ...permit, permitted: false, code, retryable, pending: obligations };
}

const effectOf = ({ permitted: is, pending }: Verdict): Effect =>
  is ? 'permit' : pending === undefined ? 'deny' : 'pending';
