/** What space there is for a log, and what of it is kept for records that must not fail. */
import { statfs } from 'node:fs/promises';
import { isFull, unlessMissing, withFile, writeAll } from './files.js';

const MAX_RESERVE = 8 * 1024 * 1024;
/** Of a small disk no more than this part is set aside. */
const SHARE = 8;
const CHUNK = Buffer.alloc(1024 * 1024);

/**
 * A file of zeroes that holds space until it is needed. While there is less free than as much again, the disk is low:
 * then only vital records are written, and when the disk is full the file gives way to them piece by piece.
 */
export class DiskRoom {
  readonly #path: string;
  readonly #folder: string;
  #wanted = 0;
  #held = 0;
  #low = false;

  /** @param folder on the disk that is watched; it must be there when `open` is called */
  constructor(path: string, folder: string) {
    this.#path = path;
    this.#folder = folder;
  }

  /** True while only vital records may be written. */
  get isLow(): boolean {
    return this.#low;
  }

  async open(): Promise<void> {
    const { blocks, bsize } = await statfs(this.#folder);
    this.#wanted = Math.min(MAX_RESERVE, Math.floor((blocks * bsize) / SHARE / CHUNK.length) * CHUNK.length);
    this.#held = (await unlessMissing(() => withFile(this.#path, 'r', (file) => file.stat())))?.size ?? 0;
    await this.look();
  }

  /** Looks how much is free, and fills the reserve up when there is enough again. */
  async look(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder);
    const free = bavail * bsize;
    if (this.#held < this.#wanted && free >= this.#wanted * 2) await this.#fill();
    this.#low = this.#held < this.#wanted || free < this.#wanted;
  }

  /** Whether so many bytes are free besides what is kept. */
  async fits(bytes: number): Promise<boolean> {
    const { bavail, bsize } = await statfs(this.#folder);
    return bavail * bsize >= bytes + this.#wanted;
  }

  /**
   * Runs a step that needs space, and gives it of the reserve as often as the disk is full and there is some left.
   * The step must be one that can be done again.
   * @param full whether an error says that the disk is full
   */
  async give<T>(step: () => Promise<T>, full: (error: unknown) => boolean = isFull): Promise<T> {
    for (;;) {
      try {
        return await step();
      } catch (error) {
        if (!full(error)) throw error;
        this.#low = true;
        if (!(await this.#release())) throw error;
      }
    }
  }

  /** The disk has said that it is full. */
  noteFull(): void {
    this.#low = true;
  }

  async #fill(): Promise<void> {
    try {
      await withFile(this.#path, this.#held === 0 ? 'w' : 'r+', async (file) => {
        while (this.#held < this.#wanted) {
          await writeAll(file, CHUNK, this.#held);
          this.#held += CHUNK.length;
        }
        await file.sync();
      });
    } catch (error) {
      if (!isFull(error)) throw error;
    }
  }

  /** @returns false when there is nothing left to give */
  async #release(): Promise<boolean> {
    if (this.#held === 0) return false;
    const left = Math.max(0, this.#held - CHUNK.length);
    await withFile(this.#path, 'r+', (file) => file.truncate(left));
    this.#held = left;
    return true;
  }
}
