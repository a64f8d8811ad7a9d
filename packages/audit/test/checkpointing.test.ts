/** When a log is signed, and what becomes of it where that fails. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPair, type Signer, toSigner } from '@stele/crypto';
import { describe, it } from 'vitest';
import { havePostgres, postgresUrl } from '../../../test/support/postgres.js';
import {
  AuditLog,
  type AuditLogOptions,
  type LogBackend,
  openCheckpoint,
  type Publication,
  verifierKey,
  verifyLog,
  Witness,
  WitnessClient,
} from '../src/index.js';
import { readCheckpoint } from '../src/lib/checkpoint.js';
import { PostgresLogBackend } from '../src/postgres.js';
import { MemoryLogBackend } from '../src/testing.js';
import { codeOf, decision } from './support/entries.js';
import { memoryFolder } from './support/folders.js';
import { freshSchema } from './support/postgres.js';
import { event } from './support/samples.js';

const root = memoryFolder();
let made = 0;
const freshPath = () => join(root, String(made++));
const pair = await generateKeyPair();
const signer = toSigner(pair, 'log');
const origin = 'example.org/log';

const open = (backend: string | LogBackend, more: Partial<AuditLogOptions> = {}) =>
  AuditLog.open(backend, { signer, origin, ...more });

/** A signer that says when it has signed, and fails when it is told to. */
class Told extends EventEmitter implements Signer {
  readonly publicKey = signer.publicKey;
  readonly keyId = signer.keyId;
  failing = false;
  readonly sizes: number[] = [];

  async sign(bytes: Uint8Array): Promise<Uint8Array> {
    if (this.failing) throw new Error('the signer is away');
    this.sizes.push(Number(Buffer.from(bytes).toString().split('\n')[1]));
    setImmediate(() => this.emit('signed'));
    return signer.sign(bytes);
  }
}

async function appendMany(log: AuditLog, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => log.append(event(i))));
}

describe('a checkpoint', () => {
  it('is made by itself of a log that grows, and by nothing of one that does not', async () => {
    const told = new Told();
    const log = await open(freshPath(), { signer: told, checkpointIntervalMs: 20 });
    assert.deepEqual(told.sizes, []);
    for (let i = 1; i <= 3; i++) {
      const signed = once(told, 'signed');
      await log.append(event(i));
      await signed;
      while (log.lag().entries > 0) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(told.sizes, [1, 2, 3]);
    await log.checkpoint();
    assert.deepEqual(told.sizes, [1, 2, 3]);
    await log.close();
    assert.deepEqual(told.sizes, [1, 2, 3]);
  });

  it('covers everything that was acknowledged when it was asked for', async () => {
    const log = await open(freshPath(), { checkpointIntervalMs: 60_000 });
    for (let i = 0; i < 5; i++) {
      const { index } = await log.append(event(i));
      const appending = appendMany(log, 100);
      assert.ok(readCheckpoint(await log.checkpoint()).size > index);
      await appending;
    }
    assert.ok(log.lag().entries > 0);
    await log.close();
  });

  it('of an empty log can be asked for, and is not made when it is closed', async () => {
    const path = freshPath();
    await (await open(path)).close();
    assert.equal(existsSync(join(path, 'checkpoint')), false);
    const log = await open(path);
    assert.equal(readCheckpoint(await log.checkpoint()).size, 0);
    await log.close();
    await (await open(path)).close();
    assert.equal(readCheckpoint(readFileSync(join(path, 'checkpoint'))).size, 0);
  });

  it('that cannot be signed is told, stops no append, and is made as soon as it can be', async () => {
    const told = new Told();
    const problems: unknown[] = [];
    const problem = new EventEmitter();
    const onProblem = (error: unknown) => {
      problems.push(error);
      problem.emit('told');
    };
    const log = await open(freshPath(), { signer: told, checkpointIntervalMs: 20, onProblem });
    told.failing = true;
    const failed = once(problem, 'told');
    await appendMany(log, 10);
    await failed;
    await appendMany(log, 10);
    assert.equal(log.lag().entries, 20);
    await assert.rejects(log.checkpoint(), /the signer is away/);
    told.failing = false;
    await once(told, 'signed');
    assert.deepEqual(told.sizes, [20]);
    assert.match(String(problems[0]), /the signer is away/);
    await log.close();
  });

  it('is made even where whoever is told of problems makes more of them', async () => {
    const tellers: ((tell: () => void) => void | Promise<void>)[] = [
      (tell) => {
        tell();
        throw new Error('the teller throws');
      },
      async (tell) => {
        tell();
        throw new Error('the teller rejects');
      },
    ];
    for (const teller of tellers) {
      const told = new Told();
      const problem = new EventEmitter();
      const onProblem = () => teller(() => void problem.emit('told'));
      const log = await open(freshPath(), { signer: told, checkpointIntervalMs: 20, onProblem });
      told.failing = true;
      for (let i = 0; i < 2; i++) {
        const failed = once(problem, 'told');
        await appendMany(log, 1);
        await failed;
      }
      told.failing = false;
      await once(told, 'signed');
      await log.close();
    }
  });

  it('is not made any more of a log that is closed', async () => {
    const log = await open(freshPath());
    await appendMany(log, 3);
    await Promise.all([log.close(), log.close()]);
    for (const use of [() => log.checkpoint(), () => log.append(event(1)), () => log.entry(0)]) {
      assert.equal(await codeOf(use), 'audit_log_closed');
    }
  });

  it('is made of as many entries as there are, some at a time', async () => {
    const told = new Told();
    const log = await open(new MemoryLogBackend(), { signer: told, checkpointIntervalMs: 60_000 });
    for (let i = 0; i < 70; i++) await appendMany(log, 1_000);
    await log.checkpoint();
    assert.deepEqual(told.sizes, [65_536, 70_000]);
    const report = await verifyLog(log, { keys: [pair] });
    assert.deepEqual(report.problems, []);
    await log.close();
  });
});

describe('a backend that others publish to as well', () => {
  /** The first publication is made, but its writer is not told. */
  class Forgetful extends MemoryLogBackend {
    forgets = 0;

    override async publish(publication: Publication): Promise<boolean> {
      const done = await super.publish(publication);
      if (this.forgets-- > 0) throw new Error('away');
      return done;
    }
  }

  it('is caught up with where it shows less than was to be published', async () => {
    /** Another process is faster, with what this one had signed before. */
    class Overtaken extends MemoryLogBackend {
      withheld: Publication | undefined;
      withholds = true;

      override async publish(publication: Publication): Promise<boolean> {
        if (this.withholds) {
          this.withheld = publication;
          throw new Error('away');
        }
        if (this.withheld === undefined) return super.publish(publication);
        await super.publish(this.withheld);
        this.withheld = undefined;
        return false;
      }
    }
    const backend = new Overtaken();
    const log = await open(backend, { checkpointIntervalMs: 60_000 });
    await appendMany(log, 300);
    await assert.rejects(log.checkpoint(), /away/);
    backend.withholds = false;
    await appendMany(log, 300);
    assert.equal(readCheckpoint(await log.checkpoint()).size, 600);
    assert.deepEqual((await verifyLog(log, { keys: [pair] })).problems, []);
    await log.close();
  });

  it('is caught up with', async () => {
    const backend = new Forgetful();
    const log = await open(backend, { checkpointIntervalMs: 60_000 });
    await appendMany(log, 300);
    backend.forgets = 1;
    await assert.rejects(log.checkpoint(), /away/);
    assert.equal(readCheckpoint(await log.checkpoint()).size, 300);
    await appendMany(log, 300);
    assert.equal(readCheckpoint(await log.checkpoint()).size, 600);
    assert.deepEqual((await verifyLog(log, { keys: [pair] })).problems, []);
    await log.close();
  });
});

describe.skipIf(!havePostgres)('a log in PostgreSQL that two processes sign (needs it)', () => {
  it('grows on from what the other has published', async () => {
    const schema = freshSchema();
    const opening = () =>
      open(new PostgresLogBackend(postgresUrl, { schema }), { checkpointIntervalMs: 60_000 });
    const [log, other] = [await opening(), await opening()];
    await log.append(event(1));
    await appendMany(other, 300);
    const published = await other.checkpoint();
    assert.equal(readCheckpoint(published).size, 301);
    assert.equal(await log.checkpoint(), published);
    await appendMany(log, 300);
    assert.equal(readCheckpoint(await log.checkpoint()).size, 601);
    assert.deepEqual((await verifyLog(log, { keys: [pair], since: published })).problems, []);
    await Promise.all([log.close(), other.close()]);
  });
});

describe('a backend that was tampered with while the log was open', () => {
  /** Says that somebody else was faster, and shows what a test wants. */
  class Tampered extends MemoryLogBackend {
    shown: string | undefined;

    override async publish(publication: Publication): Promise<boolean> {
      return this.shown === undefined ? super.publish(publication) : false;
    }

    override async checkpoint(): Promise<string | undefined> {
      return this.shown ?? super.checkpoint();
    }
  }

  it('is audit_log_corrupt', async () => {
    const backend = new Tampered();
    const log = await open(backend, { checkpointIntervalMs: 60_000 });
    await appendMany(log, 3);
    const first = await log.checkpoint();
    await appendMany(log, 3);
    backend.shown = first;
    assert.equal(await codeOf(() => log.checkpoint()), 'audit_log_corrupt');
    // Signed by the log’s own key, but of another tree.
    const other = await open(new MemoryLogBackend());
    await appendMany(other, 4);
    backend.shown = await other.checkpoint();
    const tilesOfOther = backend.tile.bind(backend);
    backend.tile = async (level, index) => tilesOfOther(level, index, 3);
    assert.equal(await codeOf(() => log.checkpoint()), 'audit_log_corrupt');
    // The same of one of as many entries.
    await appendMany(other, 2);
    backend.shown = await other.checkpoint();
    await other.close();
    assert.equal(await codeOf(() => log.checkpoint()), 'audit_log_corrupt');
    await assert.rejects(log.close());
  });
});

describe('an entry', () => {
  it('is read wherever it is, also when it is published meanwhile', async () => {
    class Slow extends MemoryLogBackend {
      before: () => Promise<unknown> = async () => undefined;
      hides = false;

      override async *records(from: number, to: number) {
        if (to === from + 1) {
          await this.before();
          if (this.hides) return;
          throw new Error('it is not here any more');
        }
        yield* super.records(from, to);
      }
    }
    const backend = new Slow();
    const log = await open(backend, { checkpointIntervalMs: 60_000 });
    await appendMany(log, 5);
    await assert.rejects(log.entry(4), /not here any more/);
    backend.hides = true;
    assert.equal(await codeOf(() => log.entry(4)), 'entry_not_found');
    backend.hides = false;
    backend.before = () => log.checkpoint();
    assert.equal((await log.entry(4)).seq, 4);
    assert.equal((await log.entry(0)).seq, 0);
    assert.equal(await codeOf(() => log.entry(5)), 'entry_not_found');
    for (const index of [-1, 0.5, Number.NaN]) await assert.rejects(log.entry(index), RangeError);
    await log.close();
  });
});

describe('cosignatures', () => {
  const witness = (cosign: WitnessClient['cosign']) => ({ name: 'w', cosign }) as unknown as WitnessClient;
  const line = (note: string) => `— w.example ${Buffer.alloc(76, note.length % 256).toString('base64')}`;

  it('are added to what was published, and stop no append', async () => {
    const path = freshPath();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const asked: number[] = [];
    const witnesses = [
      witness(async ({ checkpoint }) => {
        asked.push(readCheckpoint(checkpoint).size);
        await held;
        return line(checkpoint);
      }),
    ];
    const log = await open(path, { witnesses, checkpointIntervalMs: 60_000 });
    for (const count of [3, 3, 3]) {
      await appendMany(log, count);
      assert.doesNotMatch(await log.checkpoint(), /w\.example/);
    }
    release();
    await log.close();
    // Of those that were published while it was asked only the newest is shown to it.
    assert.deepEqual(asked, [3, 9]);
    const note = readFileSync(join(path, 'checkpoint'), 'utf8');
    assert.match(note, /— w\.example /);
    assert.equal((await openCheckpoint(note, [verifierKey(origin, pair.publicKey)], origin)).size, 9);
    const again = await open(path);
    await again.append(event(1));
    await again.close();
    assert.deepEqual((await verifyLog(path, { keys: [pair] })).problems, []);
  });

  it('come from a witness of ours over HTTP', async () => {
    const [path, witnessKey] = [freshPath(), await generateKeyPair()];
    const cosigner = await Witness.open(freshPath(), {
      name: 'w.example',
      signer: witnessKey,
      logs: [{ origin, keys: [pair] }],
    });
    const { url, close } = await cosigner.listen();
    const witnesses = [new WitnessClient({ url, key: cosigner.key })];
    for (let life = 0; life < 2; life++) {
      const log = await open(path, { witnesses });
      await appendMany(log, 300);
      await log.close();
    }
    await close();
    const report = await verifyLog(path, { keys: [pair], witnesses: { keys: [cosigner.key], quorum: 1 } });
    assert.deepEqual(report.problems, []);
  });

  it('of another process, which was faster, are kept in place of ours', async () => {
    /** As soon as a checkpoint is to be shown with our cosignature, it is shown with another one. */
    class Overtaken extends MemoryLogBackend {
      override async publish(publication: Publication): Promise<boolean> {
        if (!publication.checkpoint.includes('w.example')) return super.publish(publication);
        const checkpoint = publication.checkpoint.replace('w.example', 'v.example');
        await super.publish({ ...publication, checkpoint });
        return false;
      }
    }
    const problems: unknown[] = [];
    const log = await open(new Overtaken(), {
      witnesses: [witness(async ({ checkpoint }) => line(checkpoint))],
      checkpointIntervalMs: 60_000,
      onProblem: (error) => problems.push(error),
    });
    await appendMany(log, 3);
    await log.checkpoint();
    // Whatever comes next comes after it.
    let shown = await log.checkpoint();
    while (!shown.includes('v.example')) {
      await new Promise((resolve) => setImmediate(resolve));
      shown = await log.checkpoint();
    }
    await appendMany(log, 3);
    await log.checkpoint();
    await log.close();
    assert.deepEqual(problems, []);
  });

  it('that do not come are told', async () => {
    const problems: unknown[] = [];
    const witnesses = [
      witness(async () => {
        throw new Error('gone');
      }),
    ];
    const log = await open(freshPath(), { witnesses, onProblem: (error) => problems.push(error) });
    await appendMany(log, 3);
    await log.close();
    assert.match(String(problems[0]), /gone/);
  });
});

describe('a folder of a log', () => {
  const sizeOf = (folder: string): number =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);

  it('takes at most 1.3 times the bytes of its entries', async () => {
    const path = freshPath();
    const log = await open(path);
    let bytes = 0;
    for (let i = 0; i < 10; i++) {
      await Promise.all(Array.from({ length: 1_000 }, () => log.append(decision({ decision: 'deny' }))));
      await log.checkpoint();
    }
    for (let index = 0; index < 10_000; index += 97)
      bytes += JSON.stringify(await log.entry(index)).length * 97;
    await log.close();
    assert.ok(sizeOf(path) <= 1.3 * bytes, `${sizeOf(path)} for ${bytes}`);
  });

  it('has the partial tiles of what was published until the full one is there', async () => {
    const path = freshPath();
    const log = await open(path, { checkpointIntervalMs: 60_000 });
    for (const count of [5, 7, 243]) {
      await appendMany(log, count);
      await log.checkpoint();
    }
    assert.deepEqual(readdirSync(join(path, 'tile/0/000.p')).sort(), ['12', '255', '5']);
    assert.deepEqual(readdirSync(join(path, 'tile/entries/000.p')).sort(), ['12', '255', '5']);
    await appendMany(log, 2);
    await log.checkpoint();
    assert.deepEqual(readdirSync(join(path, 'tile/0')).sort(), ['000', '001.p']);
    assert.deepEqual(readdirSync(join(path, 'tile/entries')).sort(), ['000', '001.p']);
    await log.close();
    assert.deepEqual(readdirSync(path).sort(), ['checkpoint', 'tile']);
  });
});
