/** Which permits have no outcome yet. */
import { AuditError } from '../errors.js';
import { contentOf, replaceFile } from './files.js';

/** So many are told of at a time. */
const MOST_TOLD = 65_536;
/** Further ones are forgotten: that nobody has told their outcome can be seen in the log all the same. */
const MOST_KEPT = 1_048_576;
const FORMAT = 'stele-audit-permits/1\n';
const MAX_BYTES = FORMAT.length + 8 * MOST_KEPT;

interface Settling {
  readonly opens?: boolean | undefined;
  readonly closes?: number | undefined;
}

/** The permits of earlier lives, and of this one. The file that keeps them stands for every record that is in no journal. */
export class OpenPermits {
  readonly #path: string;
  readonly #open = new Set<number>();
  #earlier = new Set<number>();

  constructor(path: string) {
    this.#path = path;
  }

  async load(): Promise<void> {
    const bytes = await contentOf(this.#path, MAX_BYTES);
    if (bytes === undefined) return;
    if (
      !bytes.subarray(0, FORMAT.length).equals(Buffer.from(FORMAT)) ||
      (bytes.length - FORMAT.length) % 8 !== 0
    ) {
      throw new AuditError('audit_log_corrupt', `${this.#path} is no list of permits`, {
        hint: 'Take it from a copy, or remove it: outcomes that are missing are then not written as unknown.',
      });
    }
    for (let at = FORMAT.length; at < bytes.length; at += 8)
      this.#open.add(Number(bytes.readBigUInt64BE(at)));
  }

  /** Takes account of durable records, from the index of the first. */
  note(at: number, records: readonly Settling[]): void {
    for (const [i, { opens, closes }] of records.entries()) {
      if (opens === true && this.#open.size < MOST_KEPT) this.#open.add(at + i);
      if (closes !== undefined) {
        this.#open.delete(closes);
        this.#earlier.delete(closes);
      }
    }
  }

  /** Says that a new life begins: whoever had the permits of now is gone. */
  begin(): void {
    this.#earlier = new Set([...this.#open].sort((a, b) => a - b));
  }

  /** Those of earlier lives, the first ones first. */
  earlier(): number[] {
    const told: number[] = [];
    for (const index of this.#earlier) if (told.push(index) === MOST_TOLD) break;
    return told;
  }

  /** Writes them down, durably. */
  async save(): Promise<void> {
    const bytes = Buffer.alloc(FORMAT.length + 8 * this.#open.size);
    bytes.write(FORMAT);
    let at = FORMAT.length;
    for (const index of this.#open) at = bytes.writeBigUInt64BE(BigInt(index), at);
    await replaceFile(this.#path, bytes);
  }
}
