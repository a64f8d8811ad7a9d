import { buildKeyContinuity, type KeyContinuityDocument, verifyKeyContinuity } from '@stele/core';
import type { JsonObject, KeyDescription, KeyManager } from '@stele/crypto';
import { KeeperError } from '../errors.js';
import { type Format, type KeeperOptions, Kept, onlyArray } from './kept.js';

/** As many as a verification looks at. */
const MAX_STATEMENTS = 1_024;

/** A rotation that no statement can be made of any more. */
export interface MissingContinuity {
  /** did:keys. */
  readonly oldKey: string;
  readonly newKey: string;
  /** Whether one of the two keys was revoked, or the old one retired, so that it does not sign any more. */
  readonly because: 'revoked' | 'retired';
}

export interface Attested {
  /** The statements made now, oldest first. */
  readonly made: readonly KeyContinuityDocument[];
  readonly missing: readonly MissingContinuity[];
}

type Statements = readonly KeyContinuityDocument[];

/** Statements of continuity, so that a key can be followed through its rotations offline: the `continuity` of a client or monitor. */
export class ContinuityKeeper {
  readonly #kept: Kept<Statements>;

  /** @throws TypeError, RangeError for options of the wrong type */
  constructor(options: KeeperOptions) {
    this.#kept = new Kept(options, STATEMENTS);
  }

  /**
   * The statements kept, 1,024 at most; their signatures are not verified again.
   * @throws KeeperError
   */
  current(): Promise<Statements> {
    return this.#kept.value();
  }

  /**
   * Keeps a statement, of any keys. One that names another successor of the same key is kept, too: then neither counts.
   * @param value the document, or its text or bytes
   * @throws KeeperError `continuity_refused` if both keys have not signed it; `keeper_full`; others
   */
  async add(value: unknown): Promise<KeyContinuityDocument> {
    const { valid, reason, continuity } = await verifyKeyContinuity(value);
    if (!valid || continuity === undefined)
      throw new KeeperError('continuity_refused', `the statement of continuity does not hold: ${reason}`);
    await this.#keep([continuity]);
    return continuity;
  }

  /**
   * Makes and keeps a statement of each rotation of a manager that has none yet, as long as the old key still signs: call it
   * from `onRotation`, and again after a crash. A revoked key hands over to nobody.
   * @param options `nextKeyHash`: commits the newest key to its own successor (`keyHash`)
   * @throws KeeperError; CovenantError `signing_failed`; KeyRingError
   */
  async attest(
    manager: Pick<KeyManager, 'history' | 'signerOf' | 'refresh'>,
    options: { nextKeyHash?: string } = {},
  ): Promise<Attested> {
    await manager.refresh();
    const kept = await this.#kept.change((statements) => statements);
    const made: KeyContinuityDocument[] = [];
    const missing: MissingContinuity[] = [];
    const { history } = manager;
    for (const [i, newKey] of history.entries()) {
      const oldKey = history[i - 1];
      if (oldKey === undefined || kept.some((statement) => joins(statement, oldKey, newKey))) continue;
      const because = obstacle(oldKey, newKey);
      if (because !== undefined) {
        missing.push({ oldKey: oldKey.did, newKey: newKey.did, because });
        continue;
      }
      const statement = await buildKeyContinuity({
        oldKey: manager.signerOf(oldKey.publicKeyHex),
        newKey: manager.signerOf(newKey.publicKeyHex),
        // The time of the rotation, so that two processes make the same bytes.
        now: new Date(newKey.createdAt),
        ...(i === history.length - 1 ? options : {}),
      });
      made.push(statement);
    }
    if (made.length > 0) await this.#keep(made);
    return { made, missing };
  }

  async #keep(statements: Statements): Promise<void> {
    await this.#kept.change((kept) => {
      const added = statements.filter((statement) => !kept.some((other) => same(statement, other)));
      if (kept.length + added.length > MAX_STATEMENTS)
        throw new KeeperError('keeper_full', `there is room for ${MAX_STATEMENTS} statements of continuity`);
      return added.length === 0 ? kept : [...kept, ...added];
    });
  }
}

const signs = ({ state }: KeyDescription): boolean => state === 'active' || state === 'retiring';

function obstacle(oldKey: KeyDescription, newKey: KeyDescription): MissingContinuity['because'] | undefined {
  if (oldKey.state === 'revoked' || newKey.state === 'revoked') return 'revoked';
  return signs(oldKey) && signs(newKey) ? undefined : 'retired';
}

const joins = (statement: KeyContinuityDocument, oldKey: KeyDescription, newKey: KeyDescription): boolean =>
  statement.oldKey === oldKey.did && statement.newKey === newKey.did;

/** Whether two statements say the same; when they say it decides nothing. */
const same = (one: KeyContinuityDocument, other: KeyContinuityDocument): boolean =>
  one.oldKey === other.oldKey && one.newKey === other.newKey && one.nextKeyHash === other.nextKeyHash;

const STATEMENTS: Format<Statements> = {
  kind: 'continuity',
  empty: [],
  write: (statements) => ({ statements }),
  read: readStatements,
  continues: (statements, earlier) =>
    earlier.every((before) => statements.some((statement) => same(statement, before))),
};

async function readStatements(members: JsonObject): Promise<Statements> {
  const statements: KeyContinuityDocument[] = [];
  for (const value of onlyArray(members, 'statements', MAX_STATEMENTS)) {
    const { valid, continuity } = await verifyKeyContinuity(value);
    if (!valid || continuity === undefined) throw new TypeError('a statement does not hold');
    statements.push(continuity);
  }
  return Object.freeze(statements);
}
