import { chmodSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../test/support/folders.js';
import { run } from '../src/index.js';

/** What one run of the command left behind. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in this process, with text on standard input, and a terminal of so many columns for what it prints. */
export async function stele(
  argv: readonly string[],
  stdin: string | Uint8Array = '',
  columns?: number,
): Promise<Ran> {
  let out = '';
  let err = '';
  const streams = {
    stdin: [stdin],
    stdout: { write: (text: string) => (out += text), columns },
    stderr: { write: (text: string) => (err += text) },
  };
  return { code: await run(argv, streams), out, err };
}

/** The same with --json; its standard output must be one JSON object. */
export async function steleJson(
  argv: readonly string[],
  stdin = '',
): Promise<Ran & { json: ReturnType<typeof JSON.parse> }> {
  const ran = await stele([...argv, '--json'], stdin);
  return { ...ran, json: JSON.parse(ran.out) };
}

/** A folder for the files of one suite. */
export class Folder {
  readonly path = temporaryFolder();
  #ring: Promise<Ring> | undefined;

  at(name: string): string {
    return join(this.path, name);
  }

  write(name: string, content: string | Uint8Array | object): string {
    const isRaw = typeof content === 'string' || content instanceof Uint8Array;
    writeFileSync(this.at(name), isRaw ? content : JSON.stringify(content));
    return this.at(name);
  }

  read(name: string): string {
    return readFileSync(this.at(name), 'utf8');
  }

  /** A file that only its owner can read. */
  writeSecret(name: string, content: string | Uint8Array | object): string {
    chmodSync(this.write(name, content), 0o600);
    return this.at(name);
  }

  /** A key in clear, with its did. */
  async key(name: string): Promise<{ file: string; did: string }> {
    const { json } = await steleJson(['keygen', '--plaintext', '--out', this.at(name)]);
    return { file: this.at(name), did: json.did };
  }

  /** The options that give a passphrase. */
  passphrase(text = PASSPHRASE): ['--passphrase-file', string] {
    return ['--passphrase-file', this.writeSecret('passphrase', `${text}\n`)];
  }

  /** A ring with one key, and what `keys init` printed of it. All rings of a folder begin with the same key: making one takes long. */
  async ring(name: string): Promise<Ring> {
    this.#ring ??= this.#makeRing();
    const { path, ...shown } = await this.#ring;
    cpSync(path, this.at(name), { recursive: true });
    return { path: this.at(name), ...shown };
  }

  async #makeRing(): Promise<Ring> {
    const path = this.at('a new ring');
    const { code, json } = await steleJson(['keys', 'init', '--ring', path, ...this.passphrase()]);
    if (code !== 0) throw new Error(JSON.stringify(json));
    return { path, did: json.did, publicKeyHex: json.publicKeyHex };
  }
}

interface Ring {
  readonly path: string;
  readonly did: string;
  readonly publicKeyHex: string;
}

export const PASSPHRASE = 'correct horse battery staple';

export const RULES = `permit orders.read     on '/orders/**'
permit payments.refund on '/orders/**' when args.amount <= 200
deny   payments.*      on '/orders/**' when args.currency != 'EUR'
limit  payments.refund on '/orders/**' 500 of args.amount per 1 day
require human.approval for payments.refund on '/orders/**' when args.amount > 100
`;
