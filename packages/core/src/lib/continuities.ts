/** Statements of continuity: which keys one key has become. */
import { publicKeyFromDid, sha256 } from '@stele/crypto';
import type { KeyContinuityDocument } from '../types.js';
import { KeyStandings } from './key-standings.js';
import { proofProblem, readSigned } from './signed.js';
import { continuityProblem } from './structure.js';

/** How many statements are looked at, and how many successors a key may have had. */
export const MAX_CONTINUITIES = 1024;
export const MAX_SUCCESSORS = 64;
const MAX_CONTINUITY_BYTES = 4096;

/** A statement of continuity that does not count, or a key whose line ends in doubt. */
export interface ContinuityFinding {
  readonly code:
    | 'unreadable'
    | 'not_signed'
    | 'two_successors'
    | 'not_committed'
    | 'key_in_doubt'
    | 'loop'
    | 'too_long';
  /** The key that has no successor because of it; absent where that cannot be read. */
  readonly key?: string;
  readonly message: string;
}

interface Line {
  readonly keys: readonly string[];
  readonly findings: readonly ContinuityFinding[];
}

/** Statements that both keys have signed, by the frozen copy that was handed out. */
const signedStatements = new WeakSet<object>();

/** The statement as a deep-frozen copy, or what keeps the value from being one. */
export function readContinuity(value: unknown): KeyContinuityDocument | string {
  if (typeof value === 'object' && value !== null && signedStatements.has(value))
    return value as KeyContinuityDocument;
  return readSigned(value, continuityProblem, MAX_CONTINUITY_BYTES);
}

/** Says which of the two keys has not signed; looked at once for one frozen copy. */
export async function unsignedBy(statement: KeyContinuityDocument): Promise<string | undefined> {
  if (signedStatements.has(statement)) return undefined;
  const problem = await proofProblem(statement);
  if (problem === undefined) signedStatements.add(statement);
  return problem;
}

/** A set of statements. Each is read once, and its signatures are verified when its old key is asked for. */
export class Continuities {
  /** No statements. It keeps nothing, so that all can share it. */
  static readonly none = new Continuities([], KeyStandings.none);

  readonly unread: readonly ContinuityFinding[];
  /** Set when there were too many, or none could be had: then nobody can say who may not revoke. */
  readonly overflow: string | undefined;
  readonly #standings: KeyStandings;
  readonly #byOldKey = new Map<string, KeyContinuityDocument[]>();
  /** Those that commit their new key. */
  readonly #committing = new Map<string, KeyContinuityDocument[]>();
  readonly #signed = new Map<string, Promise<Signed>>();
  readonly #lines = new Map<string, Promise<Line>>();

  static of(documents: readonly unknown[], standings: KeyStandings): Continuities {
    return documents.length === 0 ? Continuities.none : new Continuities(documents, standings);
  }

  /** Statements that could not be had: no key has a known successor, and which keys may revoke is not known. */
  static unavailable(problem: string): Continuities {
    return new Continuities([], KeyStandings.none, problem);
  }

  constructor(documents: readonly unknown[], standings: KeyStandings, unavailable?: string) {
    this.#standings = standings;
    const unread: ContinuityFinding[] = [];
    const tooMany =
      documents.length > MAX_CONTINUITIES
        ? `there are more than ${MAX_CONTINUITIES} statements of continuity, none was looked at`
        : undefined;
    this.overflow = unavailable ?? tooMany;
    if (this.overflow !== undefined) {
      this.unread = [unreadable(this.overflow)];
      return;
    }
    for (let i = 0; i < documents.length; i++) {
      const read = readContinuity(documents[i]);
      if (typeof read === 'string') unread.push(unreadable(`document ${i}: ${read}`));
      else {
        claims(this.#byOldKey, read.oldKey).push(read);
        if (read.nextKeyHash !== undefined) claims(this.#committing, read.newKey).push(read);
      }
    }
    this.unread = unread;
  }

  /** True when there is nothing to follow. */
  get isEmpty(): boolean {
    return this.#byOldKey.size === 0;
  }

  /** The line of keys that begins with one. Without a commitment of its own it is kept. */
  follow(from: string, nextKeyHash?: string): Promise<Line> {
    if (this.isEmpty) return Promise.resolve({ keys: [from], findings: [] });
    if (nextKeyHash !== undefined) return this.#follow(from, [nextKeyHash]);
    const known = this.#lines.get(from);
    if (known !== undefined) return known;
    const line = this.#follow(from, []);
    this.#lines.set(from, line);
    return line;
  }

  /** True when `to` is `from` or has followed it, each key on the way the only successor. */
  async joins(from: string, to: string): Promise<boolean> {
    return from === to || (await this.follow(from)).keys.includes(to);
  }

  /** What was refused on the way from these keys, to stand at the end of a sentence; empty when nothing was. */
  async report(dids: Iterable<string>): Promise<string> {
    for (const did of dids) {
      const [first] = (await this.follow(did)).findings;
      if (first !== undefined) return `; ${first.message}`;
    }
    return '';
  }

  /**
   * Every key that any statement signed by both keys makes a successor of one of these, forks and doubts included: those
   * who may say that it must not be relied on any more, which a thief can say at most of what was stolen.
   */
  async heirs(dids: Iterable<string>): Promise<Set<string>> {
    const heirs = new Set(dids);
    if (this.isEmpty) return heirs;
    for (const did of heirs) for (const { newKey } of (await this.#from(did)).statements) heirs.add(newKey);
    return heirs;
  }

  async #follow(from: string, committed: readonly string[]): Promise<Line> {
    const keys = [from];
    const findings: ContinuityFinding[] = [];
    let commitments = committed;
    for (let key = from; ; key = keys[keys.length - 1] as string) {
      const step = await this.#step(key, commitments);
      findings.push(...step.findings);
      const { next } = step;
      if (next === undefined) break;
      const problem = keys.includes(next)
        ? finding('loop', key, `${key} is followed by a key that it has followed`)
        : keys.length > MAX_SUCCESSORS
          ? finding('too_long', key, `more than ${MAX_SUCCESSORS} successors`)
          : undefined;
      if (problem !== undefined) {
        findings.push(problem);
        break;
      }
      keys.push(next);
      commitments = step.commitments;
    }
    return { keys, findings };
  }

  /**
   * The one successor of a key, if it has one that counts.
   * @param committed the commitments that the line has brought along
   */
  async #step(key: string, committed: readonly string[]): Promise<Step> {
    const { statements, findings } = await this.#from(key);
    const refused: ContinuityFinding[] = [...findings];
    const none = (...more: ContinuityFinding[]): Step => ({
      findings: [...refused, ...more],
      commitments: [],
    });
    if (statements.length === 0) return none();
    const doubt = await this.#standings.doubt(key);
    if (doubt !== undefined) return none(finding('key_in_doubt', key, doubt));
    const commitments = committed.length > 0 ? committed : await this.#commitmentsOf(key);
    const counting: KeyContinuityDocument[] = [];
    for (const statement of statements) {
      const problem = await this.#refusal(statement, commitments);
      if (problem === undefined) counting.push(statement);
      else refused.push(problem);
    }
    const successors = new Set(counting.map(({ newKey }) => newKey));
    if (successors.size > 1) {
      return none(finding('two_successors', key, `${key} has ${successors.size} successors, none counts`));
    }
    const [next] = successors;
    // Two commitments for one key: the successor would have to meet both.
    const binding = counting.flatMap(({ nextKeyHash }) => nextKeyHash ?? []);
    return { findings: refused, commitments: binding, ...(next === undefined ? {} : { next }) };
  }

  async #refusal(
    { oldKey, newKey }: KeyContinuityDocument,
    commitments: readonly string[],
  ): Promise<ContinuityFinding | undefined> {
    if (commitments.length > 0) {
      const hash = sha256(publicKeyFromDid(newKey));
      if (commitments.some((commitment) => commitment !== hash))
        return finding('not_committed', oldKey, `${newKey} is not the key that ${oldKey} committed to`);
    }
    const doubt = await this.#standings.doubt(newKey);
    return doubt === undefined ? undefined : finding('key_in_doubt', oldKey, doubt);
  }

  /** The commitments that a key has signed, whatever key it followed: a line that begins with it is held to them, too. */
  async #commitmentsOf(key: string): Promise<readonly string[]> {
    const { statements } = await verified(this.#committing.get(key) ?? []);
    return statements.flatMap(({ nextKeyHash }) => nextKeyHash ?? []);
  }

  /** The statements by an old key that both keys have signed. */
  #from(did: string): Promise<Signed> {
    const known = this.#signed.get(did);
    if (known !== undefined) return known;
    const signed = verified(this.#byOldKey.get(did) ?? []);
    this.#signed.set(did, signed);
    return signed;
  }
}

function claims(known: Map<string, KeyContinuityDocument[]>, key: string): KeyContinuityDocument[] {
  const there = known.get(key) ?? [];
  known.set(key, there);
  return there;
}

interface Signed {
  readonly statements: readonly KeyContinuityDocument[];
  readonly findings: readonly ContinuityFinding[];
}

interface Step {
  readonly next?: string;
  readonly commitments: readonly string[];
  readonly findings: readonly ContinuityFinding[];
}

async function verified(claims: readonly KeyContinuityDocument[]): Promise<Signed> {
  const statements: KeyContinuityDocument[] = [];
  const findings: ContinuityFinding[] = [];
  for (const claim of claims) {
    const problem = await unsignedBy(claim);
    if (problem === undefined) statements.push(claim);
    else findings.push(finding('not_signed', claim.oldKey, problem));
  }
  return { statements, findings };
}

const finding = (code: ContinuityFinding['code'], key: string, message: string): ContinuityFinding => ({
  code,
  key,
  message,
});

const unreadable = (message: string): ContinuityFinding => ({ code: 'unreadable', message });
