import { AuditError } from '../errors.js';
import { type Committed, Committer } from './commitments.js';
import { parseTime } from './time.js';

/** An entry that was checked and copied. What is changed in the original later has no effect. */
export interface Prepared {
  /** The canonical text up to the number, and from behind it. */
  readonly before: string;
  readonly after: string;
  readonly kind: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** True for a permit whose outcome is awaited. */
  readonly opens: boolean;
  /** Of which entry it is the outcome; undefined unless it is one. */
  readonly closes: number | undefined;
  /** True for what a disk's reserve is kept for. */
  readonly vital: boolean;
  /** Undefined where nothing was committed. */
  readonly committed: Committed | undefined;
  /** Under whose key the values are sealed; undefined where they are not kept. */
  readonly subject: string | undefined;
}

/** The text of a leaf as it grows, member by member in the order of RFC 8785. */
export class LeafText {
  readonly #personal: ReadonlySet<string> | undefined;
  readonly #committer = new Committer();
  #before = '';
  #text = '{';

  constructor(personal: ReadonlySet<string> | undefined) {
    this.#personal = personal;
  }

  /** Whether the host has named the field personal. */
  isPersonal(name: string): boolean {
    return this.#personal?.has(name) === true;
  }

  /**
   * @param label the name in quotes, with the colon
   * @param value canonical
   */
  add(label: string, value: string): void {
    this.#text += this.#text === '{' ? label + value : `,${label}${value}`;
  }

  /** Adds the commitment to a value instead of it. */
  addCommitted(label: string, name: string, value: string): void {
    this.add(label, `"${this.#committer.commit(name, value)}"`);
  }

  /** Here the number of the entry comes. `kind` comes before it in every entry. */
  addNumber(): void {
    this.#before = `${this.#text},"seq":`;
    this.#text = '';
  }

  /**
   * @param given what was checked and written
   * @param subject under whose key the values are sealed
   */
  prepared(given: { readonly [field: string]: unknown }, subject: string | undefined): Prepared {
    const { kind, time, of } = given as { kind: string; time: string; of: number };
    const isPermit = kind === 'decision' && given.decision === 'permit' && given.mode === 'enforce';
    const { salt, values } = this.#committer;
    return {
      before: this.#before,
      after: `${this.#text}}`,
      kind,
      time: parseTime(time) as number,
      opens: isPermit && given.settles !== false,
      closes: kind === 'outcome' ? of : undefined,
      vital: isPermit || kind === 'outcome' || isOfTheLog(kind),
      committed: values.length > 0 ? { salt, values } : undefined,
      subject,
    };
  }
}

/** Kinds that only the log itself writes. */
export const isOfTheLog = (kind: unknown): boolean => typeof kind === 'string' && kind.startsWith('log.');

/** The error for an entry that cannot be recorded. Its text holds no value of the entry. */
export function refused(why: string, options: { cause?: unknown; hint?: string } = {}): AuditError {
  return new AuditError('entry_refused', `the entry cannot be recorded: ${why}`, {
    hint: 'Hand in an entry of the form that the documentation gives, of plain JSON.',
    ...options,
  });
}

/** Refuses one field. */
export function malformed(name: string, value: unknown): never {
  throw refused(`its ${name} is ${value === undefined ? 'missing' : 'not of its form'}`);
}
