/** The journal of a log of files: what an interrupted write leaves is cut and told; everything else that is wrong is damage. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, it } from 'vitest';
import { AuditError, type LogRecord } from '../src/index.js';
import { sampleRecord, sampleRecords } from '../src/lib/contract/samples.js';
import { DiskRoom } from '../src/lib/disk-room.js';
import { Journal } from '../src/lib/journal.js';
import {
  type BatchHeader,
  batchBytes,
  decodeBatch,
  decodeHeader,
  encodeBatch,
  SECTOR,
} from '../src/lib/journal-batch.js';
import { scanSegment } from '../src/lib/journal-segment.js';
import { memoryFolder } from './support/folders.js';

const root = memoryFolder();
let made = 0;

interface Place {
  readonly folder: string;
  readonly journal: () => Journal;
}

function freshPlace(): Place {
  const folder = join(root, String(made++), 'journal');
  mkdirSync(folder, { recursive: true });
  return { folder, journal: () => new Journal(folder, new DiskRoom(join(folder, '..', 'reserve'), folder)) };
}

const nothing = async () => undefined;

/** A journal of a life that was killed after these batches. @returns its only segment */
async function killed(
  { journal, folder }: Place,
  batches: readonly (readonly LogRecord[])[],
): Promise<string> {
  const life = journal();
  await life.open(0, nothing);
  for (const records of batches) await life.append(records);
  await life.abandon();
  return join(folder, readdirSync(folder).sort()[0] as string);
}

async function opened({ journal }: Place, published = 0): Promise<{ cut: number; leaves: string[] }> {
  const leaves: string[] = [];
  const life = journal();
  const cut = await life.open(published, async (at, records) => {
    assert.equal(at, leaves.length);
    leaves.push(...records.map(({ leaf }) => Buffer.from(leaf).toString('latin1')));
  });
  assert.equal(life.size, Math.max(published, leaves.length));
  await life.abandon();
  return { cut, leaves };
}

async function refuses(place: Place, code: string, published = 0): Promise<void> {
  await assert.rejects(opened(place, published), (error) => {
    assert.ok(error instanceof AuditError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

/** Three batches of which the last has some sectors, and where it begins. */
const last = Array.from({ length: 9 }, (_, i) => sampleRecord(5 + i, { leaf: Buffer.alloc(400, 65 + i) }));
const batches = [sampleRecords(0, 3), sampleRecords(3, 5), last];
const START = SECTOR + batchBytes(batches[0] ?? []) + batchBytes(batches[1] ?? []);
const BYTES = batchBytes(last);

function change(path: string, how: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path);
  how(bytes);
  writeFileSync(path, bytes);
}

describe('a journal', () => {
  it('gives every record back to the next life', async () => {
    const place = freshPlace();
    await killed(place, batches);
    const { cut, leaves } = await opened(place);
    assert.equal(cut, 0);
    assert.deepEqual(leaves.length, 14);
    assert.equal(leaves[13], 'I'.repeat(400));
  });

  it('goes on over many segments and lives', async () => {
    const place = freshPlace();
    let size = 0;
    for (let life = 0; life < 3; life++) {
      const journal = place.journal();
      await journal.open(0, nothing);
      assert.equal(journal.size, size);
      for (let i = 0; i < 30; i++) {
        await journal.append([sampleRecord(size++, { leaf: Buffer.alloc(60_000, size % 256) })]);
      }
      await journal.abandon();
    }
    const { leaves } = await opened(place);
    assert.equal(leaves.length, 90);
    for (const [i, leaf] of leaves.entries()) assert.equal(leaf.charCodeAt(0), (i + 1) % 256);
  });

  it('removes none that is needed, though one after it was skipped as too small', async () => {
    const place = freshPlace();
    const journal = place.journal();
    await journal.open(0, nothing);
    const leaf = Buffer.alloc(60_000);
    await journal.append(sampleRecords(0, 3, () => ({ leaf })));
    // The next is made by now, and this does not fit into it.
    await journal.append(sampleRecords(3, 23, () => ({ leaf })));
    await journal.append(sampleRecords(23, 43, () => ({ leaf })));
    for (const published of [0, 2, 3, 22, 23, 43]) {
      await journal.retire(published);
      const found: unknown[] = [];
      for await (const records of journal.records(published, 43)) found.push(...records);
      assert.equal(found.length, 43 - published);
    }
    await journal.abandon();
  });

  it('removes segments that are covered, and at the end all of them', async () => {
    const place = freshPlace();
    const journal = place.journal();
    await journal.open(0, nothing);
    for (let i = 0; i < 30; i++) await journal.append([sampleRecord(i, { leaf: Buffer.alloc(60_000) })]);
    const before = readdirSync(place.folder).length;
    assert.ok(journal.hasRetired(30));
    await journal.retire(30);
    assert.ok(!journal.hasRetired(30));
    assert.ok(readdirSync(place.folder).length < before);
    await journal.remove();
    assert.deepEqual(readdirSync(place.folder), []);
  });
});

describe('a journal on a disk that takes no more files', () => {
  const leaf = Buffer.alloc(60_000);
  /** So many that the next segment is made beside them, and so many that it is needed. */
  async function filled(prepare: (folder: string) => void): Promise<unknown> {
    const place = freshPlace();
    const journal = place.journal();
    await journal.open(0, nothing);
    prepare(place.folder);
    await journal.append(sampleRecords(0, 3, () => ({ leaf })));
    const error = await journal.append(sampleRecords(3, 6, () => ({ leaf }))).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.equal(journal.size, 3);
    await journal.abandon();
    return error;
  }

  it('says so, and appends nothing', async () => {
    const error = await filled((folder) => rmSync(folder, { recursive: true }));
    assert.equal((error as { code?: unknown }).code, 'ENOENT');
  });

  it.skipIf(!existsSync('/dev/full'))('keeps what room there is for others where it is full', async () => {
    const error = await filled((folder) => {
      for (const number of [2, 3]) symlinkSync('/dev/full', join(folder, String(number).padStart(10, '0')));
    });
    assert.equal((error as { code?: unknown }).code, 'audit_disk_low');
  });

  it('has no segment where a file has gone', async () => {
    assert.equal(await scanSegment(join(root, 'nowhere'), nothing), undefined);
  });
});

describe('a batch of a journal', () => {
  const records = sampleRecords(0, 2);
  const buffer = Buffer.alloc(batchBytes(records));
  const encode = () => Buffer.from(encodeBatch(0, records, buffer));
  const decode = (batch: Buffer, change: (header: BatchHeader) => Partial<BatchHeader> = () => ({})) => {
    const header = decodeHeader(batch) as BatchHeader;
    const bodyCrc = crc32(batch.subarray(32, 32 + header.bodyBytes));
    return decodeBatch({ ...header, bodyCrc, ...change(header) }, batch);
  };

  it('is none where its records do not fill it, whatever its sums say', () => {
    assert.equal(decode(encode())?.length, 2);
    assert.equal(
      decode(encode(), ({ count }) => ({ count: count + 1 })),
      undefined,
    );
    const long = encode();
    long.writeUInt16BE(65_535, 33);
    assert.equal(decode(long), undefined);
  });
});

describe('an incomplete last batch', () => {
  for (let sector = 0; sector < BYTES / SECTOR; sector++) {
    it(`is cut where sector ${sector} of it is missing`, async () => {
      const place = freshPlace();
      const path = await killed(place, batches);
      change(path, (bytes) => bytes.fill(0, START + sector * SECTOR, START + (sector + 1) * SECTOR));
      const { cut, leaves } = await opened(place);
      assert.ok(cut > 0 && cut <= BYTES && cut % SECTOR === 0, String(cut));
      assert.equal(leaves.length, 5);
      assert.deepEqual(await opened(place), { cut: 0, leaves });
    });
  }

  it('is cut wherever the file ends within it', async () => {
    for (const length of [1, 31, 32, 33, 511, 512, 513, 1024, BYTES - SECTOR]) {
      const place = freshPlace();
      const path = await killed(place, batches);
      truncateSync(path, START + length);
      const { cut, leaves } = await opened(place);
      assert.ok(cut > 0, `cut after ${length}`);
      assert.equal(leaves.length, 5);
      assert.deepEqual(await opened(place), { cut: 0, leaves });
    }
  });
});

describe('damage to a journal', () => {
  it('is found in every byte of every batch', async () => {
    const place = freshPlace();
    const path = await killed(place, batches);
    const whole = readFileSync(path);
    const bare = START + 32 + last.reduce((sum, { leaf }) => sum + 47 + leaf.length, 0);
    for (let at = SECTOR; at < bare; at += at % SECTOR < 40 ? 1 : 37) {
      const isPadding = at < START && (await isZeroAround(whole, at));
      change(path, (bytes) => {
        whole.copy(bytes);
        bytes[at] = (bytes[at] ?? 0) ^ 0x40;
      });
      if (isPadding) continue; // between batches nothing is said
      await refuses(place, 'audit_log_corrupt');
    }
    writeFileSync(path, whole);
    assert.equal((await opened(place)).leaves.length, 14);
  });

  it('is found in a header, and a header of another version is told', async () => {
    const place = freshPlace();
    const path = await killed(place, batches);
    change(path, (bytes) => bytes.write('stele-audit-journal/2\n'));
    await refuses(place, 'audit_log_version');
    change(path, (bytes) => bytes.write('x'));
    await refuses(place, 'audit_log_corrupt');
    change(path, (bytes) => bytes.fill(0, 0, SECTOR));
    await refuses(place, 'audit_log_corrupt');
  });

  it('is found where a batch is missing that others follow', async () => {
    const place = freshPlace();
    const path = await killed(place, batches);
    change(path, (bytes) => bytes.fill(0, SECTOR, SECTOR + batchBytes(batches[0] ?? [])));
    await refuses(place, 'audit_log_corrupt');
  });

  it('is found where a segment is missing, and where one follows an incomplete batch', async () => {
    const place = freshPlace();
    await killed(place, batches);
    const second = place.journal();
    await second.open(0, nothing);
    await second.append(sampleRecords(14, 16));
    await second.abandon();
    const names = readdirSync(place.folder).sort();
    const path = join(place.folder, names[0] as string);
    const whole = readFileSync(path);
    change(path, (bytes) => bytes.fill(0, START, START + SECTOR));
    await refuses(place, 'audit_log_corrupt');
    writeFileSync(path, Buffer.alloc(whole.length));
    await refuses(place, 'audit_log_corrupt');
    // What is public already need not be there.
    assert.equal(statSync(path, { throwIfNoEntry: false }), undefined);
    const journal = place.journal();
    await journal.open(14, nothing);
    assert.equal(journal.size, 16);
    await journal.abandon();
  });

  it('is found in what is read again', async () => {
    const place = freshPlace();
    const journal = place.journal();
    await journal.open(0, nothing);
    await journal.append(last);
    const path = join(place.folder, readdirSync(place.folder)[0] as string);
    change(path, (bytes) => bytes.fill(1, SECTOR + 600, SECTOR + 601));
    await assert.rejects(async () => {
      for await (const _ of journal.records(0, 9));
    }, /audit_log_corrupt|not as it was written/);
    await journal.abandon();
  });
});

async function isZeroAround(bytes: Buffer, at: number): Promise<boolean> {
  return bytes.subarray(at, at + 4).every((byte) => byte === 0) && bytes[at - 1] === 0;
}

describe('a spare segment that was not finished', () => {
  it('is removed', async () => {
    const place = freshPlace();
    await killed(place, batches);
    for (const length of [0, 100, 4096]) {
      const path = join(place.folder, '0000000009');
      writeFileSync(path, Buffer.alloc(length));
      assert.equal((await opened(place)).leaves.length, 14);
      assert.equal(statSync(path, { throwIfNoEntry: false }), undefined);
    }
  });
});
