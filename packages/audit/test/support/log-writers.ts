/** Processes that append to a log and may be killed. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const WRITER = fileURLToPath(new URL('./log-writer.mjs', import.meta.url));

export interface WriterOptions {
  readonly kind: 'sqlite' | 'postgres';
  /** A path, or a URL. */
  readonly place: string;
  readonly schema?: string;
  /** Of the signer, 32 bytes. */
  readonly key: Uint8Array;
  readonly callers?: number;
  /** How many entries; as many as it can when not given. */
  readonly count?: number;
}

export class LogWriter {
  readonly #child;
  readonly #exit: Promise<unknown[]>;
  readonly #open: Promise<unknown[]>;
  #said = '';
  #lines = 0;
  #killAfter = Number.POSITIVE_INFINITY;

  constructor({ kind, place, schema = '', key, callers = 8, count = 1e9 }: WriterOptions) {
    const args = [kind, place, schema, Buffer.from(key).toString('hex'), String(callers), String(count)];
    this.#child = fork(WRITER, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    this.#exit = once(this.#child, 'close');
    this.#open = once(this.#child, 'message');
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
      this.#lines += text.split('\n').length - 1;
      if (this.#lines >= this.#killAfter) this.kill();
    });
  }

  /** Resolves when its log is open. */
  async ready(): Promise<void> {
    const [code] = (await Promise.race([this.#open, this.#exit])) as [unknown];
    if (code !== 'open') throw new Error(`the writer ended with ${String(code)} before its log was open`);
  }

  /** Lets it append. @param killAfter kills it (SIGKILL) once it has said so many receipts */
  go(killAfter = Number.POSITIVE_INFINITY): void {
    this.#killAfter = killAfter;
    this.#child.send('go');
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** How many entries it has acknowledged. */
  get count(): number {
    return this.#lines;
  }

  /** Waits for its end. @returns what it has acknowledged: leaf hashes by index; and its exit code, null when it was killed */
  async end(): Promise<{ receipts: Map<number, string>; code: number | null }> {
    const [code] = (await this.#exit) as [number | null];
    // What was said in part was not acknowledged to anybody.
    const lines = this.#said.split('\n').slice(0, -1);
    const receipts = new Map(
      lines.map((line) => line.split(' ')).map(([index, hash]) => [Number(index), hash as string]),
    );
    return { receipts, code };
  }
}
