import type { StoreError } from '@stele/sdk';
import type { Cli } from '../cli.js';
import { printable } from '../output.js';
import type { Progress } from '../progress.js';
import type { Kind } from './walk.js';

/** So many are in one JSON object; all are counted. */
const MOST = 10_000;

/** Something that is wrong with a record. */
export interface Finding {
  readonly kind: Kind;
  /** The id of the record: of the covenant, of the request for approval, or of a revocation (its covenant's id, a slash, its SHA-256). */
  readonly id: string;
  readonly code: string;
  /** The check of a covenant that failed. */
  readonly check?: string;
  /** The store concerned, where there are two. */
  readonly store?: string;
}

/** What was found, each told as it is found, or kept for the JSON at the end. */
export class Findings {
  count = 0;
  readonly #kept: Finding[] = [];
  readonly #cli: Cli;
  readonly #json: boolean;
  /** Taken away before a line is printed. */
  progress: Progress | undefined;

  constructor(cli: Cli, json: boolean) {
    this.#cli = cli;
    this.#json = json;
  }

  add(finding: Finding): void {
    this.count++;
    if (!this.#json) {
      this.progress?.clear();
      this.#cli.print(lineOf(finding));
    } else if (this.#kept.length < MOST) this.#kept.push(finding);
  }

  /** Takes in a record that cannot be read or written. */
  addError({ code, id = '', check }: StoreError, store?: string): void {
    this.add({
      ...{ kind: kindOf(id), id, code },
      ...(check === undefined ? {} : { check }),
      ...(store === undefined ? {} : { store }),
    });
  }

  /** For JSON: the findings, and how many more there are. */
  get report(): { findings: readonly Finding[]; unlisted: number } {
    return { findings: this.#kept, unlisted: this.count - this.#kept.length };
  }
}

function kindOf(id: string): Kind {
  if (id.startsWith('urn:stele:approval:')) return 'approval';
  return id.includes('/') ? 'revocation' : 'covenant';
}

function lineOf({ id, code, check, store }: Finding): string {
  const what = check === undefined ? code : `${code} (${check})`;
  return `${what.padEnd(16)}  ${printable(id)}${store === undefined ? '' : `  in ${store}`}`;
}
