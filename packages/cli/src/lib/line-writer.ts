import { type FileHandle, open } from 'node:fs/promises';
import { unwritable } from './files.js';

/** Writes lines to a new file, a chunk at a time. */
export class LineWriter {
  readonly #file: FileHandle;
  readonly #path: string;
  #waiting: string[] = [];

  private constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /** @throws CliError `file_unwritable` */
  static async open(path: string): Promise<LineWriter> {
    try {
      return new LineWriter(await open(path, 'w'), path);
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  add(line: string): void {
    this.#waiting.push(line, '\n');
  }

  /**
   * Writes what was added since.
   * @throws CliError `file_unwritable`
   */
  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const text = this.#waiting.join('');
    this.#waiting = [];
    try {
      await this.#file.writeFile(text);
    } catch (error) {
      throw unwritable(this.#path, error);
    }
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#file.close();
  }
}
