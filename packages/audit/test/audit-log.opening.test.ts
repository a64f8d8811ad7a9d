/** What a log is compared with before it is gone on with. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPair, type KeyPair, toSigner } from '@stele/crypto';
import { describe, it, onTestFinished, vi } from 'vitest';
import { AuditLog, type AuditLogOptions, FileLogBackend, type LogBackend, verifyLog } from '../src/index.js';
import { formatCheckpoint } from '../src/lib/checkpoint.js';
import { sampleRecords } from '../src/lib/contract/samples.js';
import { signNote } from '../src/lib/note.js';
import { MemoryLogBackend } from '../src/testing.js';
import { codeOf, decision } from './support/entries.js';
import { memoryFolder } from './support/folders.js';
import { event, outcome } from './support/samples.js';

const root = memoryFolder();
let made = 0;
const freshPath = () => join(root, String(made++));
const signer = await generateKeyPair();
const origin = 'example.org/log';

const open = (backend: string | LogBackend, more: Partial<AuditLogOptions> = {}) =>
  AuditLog.open(backend, { signer, origin, ...more });

/** A folder with a log of so many entries, closed. */
async function closedLog(entries: number, more: Partial<AuditLogOptions> = {}): Promise<string> {
  const path = freshPath();
  const log = await open(path, more);
  await Promise.all(Array.from({ length: entries }, (_, i) => log.append(event(i))));
  await log.close();
  return path;
}

const verified = async (path: string, keys: KeyPair[] = [signer]) =>
  assert.deepEqual((await verifyLog(path, { keys })).problems, []);

describe('a log that is opened again', () => {
  it('goes on', async () => {
    const path = await closedLog(300);
    const log = await open(path);
    assert.equal((await log.append(event(7))).index, 300);
    assert.equal(log.cutBytes, 0);
    await log.close();
    await verified(path);
  });

  it('settles permits of its earlier life, once', async () => {
    const path = freshPath();
    const first = await open(path, { clock: () => new Date('2027-01-01T00:00:00Z') });
    for (let i = 0; i < 4; i++) await first.append(decision());
    await first.append(decision({ settles: false }));
    await first.append(outcome(2));
    await first.close();
    for (let life = 0; life < 2; life++) {
      const log = await open(path, { clock: () => new Date('2027-01-01T00:00:00Z') });
      assert.equal((await log.append(event(life))).index, 9 + life);
      const settled = await Promise.all([6, 7, 8].map((index) => log.entry(index)));
      assert.deepEqual(
        settled.map((leaf) => [
          leaf.kind,
          (leaf as { of?: number }).of,
          (leaf as { outcome?: string }).outcome,
        ]),
        [0, 1, 3].map((of) => ['outcome', of, 'unknown']),
      );
      assert.equal(log.lastTime, Date.parse('2027-01-01T00:00:00Z'));
      await log.close();
    }
    await verified(path);
  });

  it('is refused to a key or an origin that is not its own', async () => {
    const path = await closedLog(3);
    const other = await generateKeyPair();
    assert.equal(await codeOf(() => open(path, { signer: other })), 'audit_log_foreign');
    assert.equal(await codeOf(() => open(path, { origin: 'example.org/other' })), 'audit_log_foreign');
    assert.equal(
      await codeOf(() => open(path, { signer: other, previousKeys: [other] })),
      'audit_log_foreign',
    );
    await (await open(path)).close();
  });

  it('says that another key signs from now on, once', async () => {
    const path = freshPath();
    const first = await open(path);
    // What only looks like a change of keys is none.
    await first.append({ v: 1, kind: 'example.noted', time: '2026-01-02T03:04:05Z', key: 'x' });
    for (const i of [1, 2]) await first.append(event(i));
    await first.close();
    const next = await generateKeyPair();
    for (let life = 0; life < 2; life++) {
      await (await open(path, { signer: next, previousKeys: [signer] })).close();
    }
    const log = await open(path, { signer: next });
    assert.equal((await log.entry(3)).kind, 'log.key');
    assert.equal((await log.append(event(1))).index, 4);
    await log.close();
    await verified(path, [signer, next]);
    assert.equal((await verifyLog(path, { keys: [signer] })).valid, false);
    assert.equal(await codeOf(() => open(path)), 'audit_log_foreign');
  });

  it('is refused where options are none', async () => {
    const options: [Partial<AuditLogOptions>, typeof RangeError | typeof TypeError][] = [
      [{ origin: '' }, RangeError],
      [{ origin: 'a b' }, RangeError],
      [{ checkpointIntervalMs: 0 }, RangeError],
      [{ checkpointIntervalMs: 60_001 }, RangeError],
      [{ previousKeys: Array.from({ length: 65 }, () => signer) }, RangeError],
      [{ predecessor: 7 as unknown as string }, TypeError],
    ];
    for (const [more, kind] of options) await assert.rejects(open(freshPath(), more), kind);
    await assert.rejects(open(''), TypeError);
  });
});

describe('a log that goes on from another, and was pruned since', () => {
  it('is opened again with its predecessor, which nobody can compare any more', async () => {
    const old = await open(new MemoryLogBackend());
    const predecessor = await old.checkpoint();
    await old.close();
    const [backend, more] = [new MemoryLogBackend(), { predecessor, origin: 'example.org/next' }];
    const log = await open(backend, more);
    await Promise.all(Array.from({ length: 300 }, (_, i) => log.append(event(i))));
    await log.prune(256, { policy: 'after a year' });
    await log.close();
    const again = await open(new MemoryLogBackend(backend), more);
    assert.equal(await again.reader.first(), 256);
    assert.equal(await codeOf(() => again.entry(255)), 'entry_not_found');
    await again.close();
  });
});

describe('a log that something was done to', () => {
  it('is refused when its entries are not those that a kept checkpoint signs', async () => {
    const other = await open(new MemoryLogBackend());
    await other.append(event(7));
    const note = await other.checkpoint();
    await other.close();
    const backend = new MemoryLogBackend();
    await backend.open();
    await backend.append(0, sampleRecords(0, 1));
    await backend.close();
    const heads = { read: async () => note, write: async () => undefined };
    assert.equal(await codeOf(() => open(new MemoryLogBackend(backend), { heads })), 'audit_log_rolled_back');
  });

  it.each([
    ['none', 'audit_log_corrupt', async () => 'none'],
    [
      'of another log, though its own key has signed it',
      'audit_log_foreign',
      () => {
        const text = formatCheckpoint({ origin: 'example.org/other', size: 0, root: new Uint8Array(32) });
        return signNote(text, origin, toSigner(signer));
      },
    ],
  ])('is refused when its checkpoint is %s', async (_, code, make) => {
    const backend = new MemoryLogBackend();
    await backend.open();
    await backend.publish({ before: undefined, checkpoint: await make(), size: 0, tiles: [] });
    await backend.close();
    assert.equal(await codeOf(() => open(new MemoryLogBackend(backend))), code);
  });

  it('does not find an entry whose bundle is gone', async () => {
    class Bare extends MemoryLogBackend {
      isBare = false;

      override async entries(index: number, width: number) {
        return this.isBare ? undefined : super.entries(index, width);
      }
    }
    const backend = new Bare();
    const log = await open(backend);
    await log.append(event(1));
    await log.checkpoint();
    backend.isBare = true;
    assert.equal(await codeOf(() => log.entry(0)), 'audit_log_corrupt');
    await log.close();
  });

  it('is refused when its checkpoint is of more entries than there are', async () => {
    const backend = new MemoryLogBackend();
    const log = await open(backend);
    await log.append(event(1));
    await log.append(event(2));
    await log.close();
    class Shortened extends MemoryLogBackend {
      override async open() {
        return { ...(await super.open()), size: 1 };
      }
    }
    assert.equal(await codeOf(() => open(new Shortened(backend))), 'audit_log_corrupt');
  });

  it('is refused when it is older than what was signed', async () => {
    const path = await closedLog(10);
    cpSync(path, `${path}.copy`, { recursive: true });
    const log = await open(path);
    await log.append(event(1));
    await log.close();
    rmSync(path, { recursive: true });
    cpSync(`${path}.copy`, path, { recursive: true });
    assert.equal(await codeOf(() => open(path)), 'audit_log_rolled_back');
    // Nor with the journal of then, nor empty.
    rmSync(`${path}.private`, { recursive: true });
    assert.equal(await codeOf(() => open(path)), 'audit_log_rolled_back');
    rmSync(path, { recursive: true });
    assert.equal(await codeOf(() => open(path)), 'audit_log_rolled_back');
  });

  it('is refused when it has another history than what was signed', async () => {
    const one = await closedLog(10);
    const two = await closedLog(0);
    const log = await open(two);
    for (let i = 0; i < 12; i++) await log.append(decision({ decision: 'deny' }));
    await log.close();
    rmSync(one, { recursive: true });
    cpSync(two, one, { recursive: true });
    assert.equal(await codeOf(() => open(one)), 'audit_log_rolled_back');
  });

  it('is refused when the head that is kept is none, or of another log', async () => {
    const path = await closedLog(10);
    writeFileSync(`${path}.head`, 'x');
    assert.equal(await codeOf(() => open(path)), 'audit_log_corrupt');
    const other = await closedLog(10, { origin: 'example.org/other' });
    cpSync(`${other}.head`, `${path}.head`);
    assert.equal(await codeOf(() => open(path)), 'audit_log_foreign');
  });

  it('opens when it was moved without what stands beside it, and keeps its head again', async () => {
    const path = await closedLog(300);
    const moved = freshPath();
    cpSync(path, moved, { recursive: true });
    const log = await open(moved);
    assert.equal(readFileSync(`${moved}.head`, 'utf8'), readFileSync(join(path, 'checkpoint'), 'utf8'));
    assert.equal((await log.append(event(1))).index, 300);
    await log.close();
    await verified(moved);
  });

  it('is refused when a tile of its edge, the last bundle or the checkpoint is damaged or missing', async () => {
    const damage: [string, (file: string) => void][] = [
      ['tile/0/001.p/44', (file) => rmSync(file)],
      ['tile/0/001.p/44', (file) => writeFileSync(file, Buffer.alloc(44 * 32, 1))],
      ['tile/0/001.p/44', (file) => writeFileSync(file, readFileSync(file).subarray(1))],
      ['tile/1/000.p/1', (file) => rmSync(file)],
      ['tile/entries/001.p/44', (file) => rmSync(file)],
      ['tile/entries/001.p/44', (file) => writeFileSync(file, readFileSync(file).subarray(1))],
      ['checkpoint', (file) => writeFileSync(file, 'x')],
      ['checkpoint', (file) => writeFileSync(file, '')],
    ];
    for (const [file, how] of damage) {
      const path = await closedLog(300);
      how(join(path, file));
      assert.equal(await codeOf(() => open(path)), 'audit_log_corrupt', file);
    }
  });

  it('is refused when its checkpoint was removed', async () => {
    const path = await closedLog(10);
    rmSync(join(path, 'checkpoint'));
    assert.equal(await codeOf(() => open(path)), 'audit_log_rolled_back');
  });

  it('is refused when the format beside it is not known', async () => {
    const path = await closedLog(10);
    writeFileSync(join(`${path}.private`, 'format'), 'stele-audit/2\n');
    assert.equal(await codeOf(() => open(path)), 'audit_log_version');
    writeFileSync(join(`${path}.private`, 'format'), 'stele-audit/1\n');
    writeFileSync(join(`${path}.private`, 'permits'), 'x');
    assert.equal(await codeOf(() => open(path)), 'audit_log_corrupt');
  });

  it('gives the lock back when it is refused', async () => {
    const path = await closedLog(10);
    assert.equal(await codeOf(() => open(path, { origin: 'example.org/other' })), 'audit_log_foreign');
    assert.equal(existsSync(join(`${path}.private`, 'lock')), false);
    await (await open(path)).close();
    assert.deepEqual(readdirSync(join(`${path}.private`, 'journal')), []);
  });
});

describe('a log that goes on from another', () => {
  const old = async () =>
    readFileSync(join(await closedLog(5, { origin: 'example.org/old' }), 'checkpoint'), 'utf8');

  it('names it first, and may be opened with it again', async () => {
    const predecessor = await old();
    const path = freshPath();
    for (let life = 0; life < 2; life++) {
      const log = await open(path, { predecessor });
      const first = (await log.entry(0)) as unknown as Record<string, unknown>;
      assert.deepEqual([first.kind, first.origin, first.size], ['log.predecessor', 'example.org/old', 5]);
      assert.equal((await log.append(event(life))).index, 1 + life);
      await log.close();
    }
    await verified(path);
  });

  it('is refused where there is a log already, with another predecessor, or its own', async () => {
    const path = await closedLog(3);
    assert.equal(await codeOf(async () => open(path, { predecessor: await old() })), 'audit_log_foreign');
    const own = readFileSync(join(path, 'checkpoint'), 'utf8');
    await assert.rejects(open(freshPath(), { predecessor: own }), RangeError);
    assert.equal(await codeOf(() => open(freshPath(), { predecessor: 'x' })), 'note_malformed');
  });
});

describe('a log on a backend of its own', () => {
  it('is not harmed by being opened again on the same backend', async () => {
    const backends: LogBackend[] = [new MemoryLogBackend(), new FileLogBackend(freshPath())];
    for (const backend of backends) {
      const log = await open(backend);
      for (let i = 0; i < 2; i++) assert.equal(await codeOf(() => open(backend)), 'audit_log_locked');
      assert.equal((await log.append(event(1))).index, 0);
      await log.close();
    }
  });

  it('opens beside others that append and publish meanwhile', async () => {
    class Shared extends MemoryLogBackend {
      override readonly shared = true;
      override async open() {
        const { size, cutBytes } = await super.open();
        return { size: Math.max(0, size - 2), cutBytes };
      }
    }
    const first = new Shared();
    const log = await open(first);
    for (let i = 0; i < 5; i++) await log.append(event(i));
    await log.close();
    const again = await open(new Shared(first));
    assert.equal(again.lag().entries, 0);
    assert.equal((await again.append(event(1))).index, 5);
    await again.close();
  });

  it('does nothing any more when it could not be opened', async () => {
    const first = new MemoryLogBackend();
    const log = await open(first);
    await log.append(decision());
    await log.close();
    let writes = 0;
    const write = async () => {
      if (++writes > 1) throw new Error('no head');
    };
    const heads = { read: async () => undefined, write };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    await assert.rejects(open(new MemoryLogBackend(first), { heads }), /no head/);
    assert.equal(vi.getTimerCount(), 0);
  });

  it('works without a keeper of heads', async () => {
    const first = new MemoryLogBackend();
    const log = await open(first);
    await Promise.all(Array.from({ length: 600 }, (_, i) => log.append(event(i))));
    await log.checkpoint();
    assert.deepEqual((await verifyLog(log, { keys: [signer] })).problems, []);
    await log.close();
    const again = await open(new MemoryLogBackend(first));
    assert.equal((await again.append(event(1))).index, 600);
    await again.close();
  });
});
