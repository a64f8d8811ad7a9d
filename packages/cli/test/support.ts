import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { run } from '../src/index.js';

/** What one run of the command left behind. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in this process, with text on standard input. */
export async function stele(argv: readonly string[], stdin: string | Uint8Array = ''): Promise<Ran> {
  let out = '';
  let err = '';
  const streams = {
    stdin: [stdin],
    stdout: { write: (text: string) => (out += text) },
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
  readonly path = mkdtempSync(join(tmpdir(), 'stele-cli-'));

  constructor() {
    afterAll(() => rmSync(this.path, { recursive: true, force: true }));
  }

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

  /** A key file, with its did. */
  async key(name: string): Promise<{ file: string; did: string }> {
    const { json } = await steleJson(['keygen', '--out', this.at(name)]);
    return { file: this.at(name), did: json.did };
  }
}

export const RULES = `permit orders.read     on '/orders/**'
permit payments.refund on '/orders/**' when args.amount <= 200
deny   payments.*      on '/orders/**' when args.currency != 'EUR'
limit  payments.refund on '/orders/**' 500 of args.amount per 1 day
require human.approval for payments.refund on '/orders/**' when args.amount > 100
`;
