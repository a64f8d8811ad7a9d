/** A log of files that is read while it is published, and whose parts do not fit together. */
import assert from 'node:assert/strict';
import fs, { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, it, onTestFinished } from 'vitest';
import { FileLogBackend } from '../src/index.js';
import { append, bytesOf } from '../src/lib/contract/harness.js';
import { publicationOf, sampleRecords } from '../src/lib/contract/samples.js';
import { DiskRoom } from '../src/lib/disk-room.js';
import { SealedFiles } from '../src/lib/sealed-files.js';
import { codeOf } from './support/entries.js';
import { disown } from './support/faulty-disk.js';
import { memoryFolder } from './support/folders.js';

const root = memoryFolder();
let made = 0;

async function opened(): Promise<FileLogBackend> {
  const log = new FileLogBackend(join(root, String(made++)));
  await log.open();
  onTestFinished(() => log.close().catch(() => undefined));
  return log;
}

/** Does something before the next file is opened, once. */
function beforeOpening(step: () => Promise<unknown>): void {
  const { open } = fs.promises;
  const restore = () => {
    Object.assign(fs.promises, { open });
    syncBuiltinESMExports();
  };
  onTestFinished(restore);
  Object.assign(fs.promises, {
    open: async (...args: Parameters<typeof open>) => {
      restore();
      await step();
      return open(...args);
    },
  });
  syncBuiltinESMExports();
}

/** Lets the next read of an open file fail, after something was done. */
async function failingRead(step: () => Promise<unknown>): Promise<void> {
  const probe = await fs.promises.open('/dev/null');
  const prototype = Object.getPrototypeOf(probe) as { read: unknown };
  await probe.close();
  const { read } = prototype;
  const restore = () => Object.assign(prototype, { read });
  onTestFinished(() => void restore());
  prototype.read = async () => {
    restore();
    await step();
    throw Object.assign(new Error('injected'), { code: 'EIO' });
  };
}

describe('a log of files', () => {
  it('gives a tile that has grown while it was read, from where it is now', async () => {
    const log = await opened();
    const records = sampleRecords(0, 300);
    await append(log, records);
    const first = publicationOf(records, 5);
    await log.publish(first);
    const next = publicationOf(records, 300, first);
    beforeOpening(() => log.publish(next));
    const whole = next.tiles.find(({ level, index }) => level === 0 && index === 0);
    assert.deepEqual(bytesOf(await log.tile(0, 0, 5)), whole?.bytes.slice(0, 5 * 32));
  });

  it('gives sealed values that are published while they are read, and says when they cannot be', async () => {
    const log = await opened();
    const records = sampleRecords(0, 3, (i) => ({ sealed: Uint8Array.of(i) }));
    await append(log, records);
    await failingRead(async () => undefined);
    assert.equal(await codeOf(() => log.sealed(1)), 'audit_log_unavailable');
    await failingRead(() => log.publish(publicationOf(records, 3)));
    assert.deepEqual(bytesOf(await log.sealed(1)), Uint8Array.of(1));
    assert.equal(await log.sealed(3), undefined);
  });

  it('publishes sealed values of any size, some at a time', async () => {
    const log = await opened();
    const sealed = new Uint8Array(1024 * 1024).fill(7);
    const records = sampleRecords(0, 20, () => ({ sealed }));
    await append(log, records, 4);
    await log.publish(publicationOf(records, 20));
    for (const index of [0, 8, 19]) assert.deepEqual(bytesOf(await log.sealed(index)), sealed);
  });

  it('is damaged where its journal is of another log than its tiles', async () => {
    const log = await opened();
    const records = sampleRecords(0, 3);
    await append(log, records);
    await log.publish(publicationOf(records, 3));
    const copy = join(root, String(made++));
    for (const part of ['', '.private']) cpSync(`${log.name}${part}`, `${copy}${part}`, { recursive: true });
    disown(copy);
    const tile = join(copy, 'tile/0/000.p/3');
    writeFileSync(tile, readFileSync(tile).fill(0, 32, 64));
    assert.equal(await codeOf(() => new FileLogBackend(copy).open()), 'audit_log_corrupt');
  });
});

describe('sealed values in files', () => {
  async function three() {
    const folder = join(root, String(made++));
    const files = new SealedFiles(folder, new DiskRoom(join(folder, 'reserve'), folder));
    const entry = (index: number) => ({ index, sealed: Uint8Array.of(index, index) });
    await files.add([entry(1), entry(2), entry(3)]);
    return { files, entry, path: join(folder, '000') };
  }

  it('that were damaged are told from others', async () => {
    const { files, path } = await three();
    writeFileSync(path, readFileSync(path).fill(9, 11, 12));
    assert.equal(await codeOf(() => files.read(1)), 'audit_log_corrupt');
    assert.deepEqual(bytesOf(await files.read(2)), Uint8Array.of(2, 2));
  });

  it('that were written in part are written again', async () => {
    const { files, entry, path } = await three();
    writeFileSync(path, readFileSync(path).subarray(0, -1));
    await files.add([entry(4)]);
    assert.equal(await files.read(3), undefined);
    assert.deepEqual(bytesOf(await files.read(4)), Uint8Array.of(4, 4));
  });
});
