/** What a log says of itself in its entries: which key signs from where on, and how far it was pruned. */
import { AuditError } from '../errors.js';
import type { Leaf } from './leaf-types.js';
import { sameHash } from './merkle.js';
import { parseVerifierKey, type VerifierKey } from './note.js';
import type { Problem } from './report.js';

/** Far more often than any log gets another key. */
const MAX_TURNS = 10_000;

export class OwnEntries {
  /** The highest minimum index that an entry `log.pruned` names. */
  prunedBefore = 0;
  readonly #sizes: readonly number[];
  readonly #keys = new Map<number, VerifierKey>();
  readonly #retired = new Set<string>();
  #before: VerifierKey | undefined;
  #current: VerifierKey | undefined;
  /** The last change of keys, as it was told. */
  #told: string | undefined;

  /** @param sizes for which the key is wanted that counts there */
  constructor(sizes: readonly number[]) {
    this.#sizes = sizes;
  }

  /**
   * @returns false for an entry that brings back a key that was retired
   * @throws AuditError `note_malformed` for a key that is none, `audit_log_corrupt` for one key too many
   */
  see(leaf: Leaf): boolean {
    if (leaf.kind === 'log.key') return this.#turn(leaf.seq, leaf as KeyLeaf);
    if (leaf.kind === 'log.pruned') {
      const { before } = leaf as { readonly before?: unknown };
      if (typeof before === 'number') this.prunedBefore = Math.max(this.prunedBefore, before);
    }
    return true;
  }

  /** The key that signs from the last change of keys on; undefined when no entry tells of one. */
  get current(): VerifierKey | undefined {
    return this.#current;
  }

  isRetired(key: VerifierKey): boolean {
    return this.#retired.has(idOf(key));
  }

  /** The key that alone counts for a checkpoint of that size; undefined when no entry says it. */
  keyAt(size: number): VerifierKey | undefined {
    return this.#keys.get(size) ?? this.#before;
  }

  #turn(index: number, { key, previous }: KeyLeaf): boolean {
    const next = parseVerifierKey(String(key));
    const last = parseVerifierKey(String(previous));
    const told = `${idOf(last)} ${idOf(next)}`;
    // Two processes that are given the new key at the same time both tell it.
    if (told === this.#told) return true;
    this.#before ??= last;
    for (const gone of [last, this.#current ?? last]) this.#retired.add(idOf(gone));
    if (this.#retired.size > MAX_TURNS) {
      throw new AuditError('audit_log_corrupt', `the log has had more than ${MAX_TURNS} keys`);
    }
    if (this.#retired.has(idOf(next))) return false;
    for (const size of this.#sizes) if (size > index) this.#keys.set(size, next);
    this.#current = next;
    this.#told = told;
    return true;
  }
}

const idOf = ({ publicKey }: VerifierKey): string => Buffer.from(publicKey).toString('hex');

type KeyLeaf = { readonly key?: unknown; readonly previous?: unknown };

/** A checkpoint counts only with the signature of the key that the log itself names for its size. */
export function retired(
  signers: readonly VerifierKey[],
  key: VerifierKey | undefined,
  what: string,
): Problem | undefined {
  if (
    key === undefined ||
    signers.length === 0 ||
    signers.some(({ publicKey }) => sameHash(publicKey, key.publicKey))
  )
    return undefined;
  return {
    code: 'key_retired',
    message: `${what} is signed by a key that was retired: from its size on only ${key.name}+${key.id} counts`,
  };
}
