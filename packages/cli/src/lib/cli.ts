import { printable } from './output.js';

/** Where text goes: `process.stdout`, or a collector in a test. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  /** Characters in a line of the terminal. */
  readonly columns?: number | undefined;
}

/** A stream, or what is to be read in a list. */
export type Chunks = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

/** Where input comes from; a terminal, which can be told to show nothing, is `process.stdin` where `isTTY` is true. */
export type Input = Chunks & { readonly isTTY?: boolean | undefined };

/** The three streams of one run. */
export interface Streams {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** 0 allowed, valid or nothing found; 1 denied, invalid or something found; 2 usage or bad input; 3 undecided. */
export type ExitCode = 0 | 1 | 2 | 3;

/** What a command is given: the streams, the command line, and a place for its exit code. */
export class Cli {
  exitCode: ExitCode = 0;

  constructor(
    readonly streams: Streams,
    readonly argv: readonly string[],
  ) {}

  /** Makes a commander action of a function whose result is the exit code. */
  does<Args extends unknown[]>(act: (...args: Args) => Promise<ExitCode>): (...args: Args) => Promise<void> {
    return async (...args) => {
      this.exitCode = await act(...args);
    };
  }

  print(text: string): void {
    this.streams.stdout.write(`${text}\n`);
  }

  printError(text: string): void {
    this.streams.stderr.write(`${text}\n`);
  }

  /** What went wrong, and how to mend it. */
  printProblem({ message, hint }: { readonly message: string; readonly hint?: string | undefined }): void {
    this.printError(`stele: ${harmless(message)}`);
    if (hint !== undefined) this.printError(`  hint: ${harmless(hint)}`);
  }
}

/** A message may quote what was read. The stack of a fault has lines. */
const harmless = (text: string) =>
  text
    .split('\n')
    .map((line) => printable(line, 4_000))
    .join('\n');
