/**
 * The plainest record that is worth something: a file of JSON lines, each with the hash of the one before, many by one write
 * and one fdatasync. No tree, no proofs, no signatures.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

export class ChainedLines {
  #file;
  #hash = '0'.repeat(64);
  #waiting = [];
  #writing;

  static async open(path) {
    const lines = new ChainedLines();
    lines.#file = await open(path, 'a');
    return lines;
  }

  append(entry) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  async close() {
    await this.#writing;
    await this.#file.close();
  }

  async #write() {
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      try {
        await this.#file.appendFile(batch.map(({ entry }) => this.#line(entry)).join(''));
        await this.#file.datasync();
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#writing = undefined;
  }

  #line(entry) {
    const text = JSON.stringify({ ...entry, prev: this.#hash });
    this.#hash = createHash('sha256').update(text).digest('hex');
    return `{"entry":${text},"hash":"${this.#hash}"}\n`;
  }
}
