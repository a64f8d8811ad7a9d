/** The way into a log: in order, many at once, each for itself. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { Appended, LogRecord } from '../src/index.js';
import { AuditError } from '../src/index.js';
import { AppendQueue } from '../src/lib/append-queue.js';
import { prepareEntry } from '../src/lib/leaf.js';
import { hashLeaf } from '../src/lib/merkle.js';
import { codeOf, decision } from './support/entries.js';
import { event, outcome } from './support/samples.js';

const refusal = (code: 'audit_disk_low' | 'audit_log_unavailable') => new AuditError(code, 'injected');

/** A backend in memory that does what a test says at each append. */
class Scripted {
  readonly records: LogRecord[] = [];
  readonly batches: number[] = [];
  readonly script: ((records: readonly LogRecord[]) => void | Promise<void>)[] = [];
  isGone = false;

  async append(at: number, records: readonly LogRecord[]): Promise<Appended> {
    await this.script.shift()?.(records);
    if (at !== this.records.length) return { appended: false, size: this.records.length };
    this.records.push(...records);
    this.batches.push(records.length);
    return { appended: true, size: this.records.length };
  }

  async size(): Promise<number> {
    if (this.isGone) throw refusal('audit_log_unavailable');
    return this.records.length;
  }
}

function queueOf(backend: Scripted, more: Partial<ConstructorParameters<typeof AppendQueue>[0]> = {}) {
  return new AppendQueue({
    backend,
    origin: 'example.org/log',
    size: 0,
    onAppended: () => undefined,
    ...more,
  });
}

const seqOf = ({ leaf }: LogRecord): number => JSON.parse(Buffer.from(leaf).toString()).seq;

describe('a queue', () => {
  it('appends in order, together, and tells each where it is', async () => {
    const backend = new Scripted();
    const noted: [number, number][] = [];
    const queue = queueOf(backend, { onAppended: (at, records) => noted.push([at, records.length]) });
    const receipts = await Promise.all(
      Array.from({ length: 2_000 }, (_, i) => queue.append(prepareEntry(event(i)))),
    );
    for (const [i, receipt] of receipts.entries()) {
      const hash = Buffer.from(hashLeaf(backend.records[i]?.leaf as Uint8Array)).toString('hex');
      assert.deepEqual(receipt, { origin: 'example.org/log', index: i, seq: i, leafHash: hash });
    }
    assert.deepEqual(
      backend.records.map(seqOf),
      receipts.map(({ index }) => index),
    );
    assert.ok(backend.batches.length < 10 && Math.max(...backend.batches) <= 512, String(backend.batches));
    assert.equal(
      noted.reduce((sum, [, count]) => sum + count, 0),
      2_000,
    );
  });

  it('refuses one alone, and its neighbours get the numbers that are left', async () => {
    const backend = new Scripted();
    const queue = queueOf(backend);
    const long = event(0, { text: 'x'.repeat(70_000) });
    const entries = [event(1), outcome(5), event(2), long, outcome(1), event(3)];
    const codes = await Promise.all(entries.map((entry) => codeOf(() => queue.append(prepareEntry(entry)))));
    assert.deepEqual(codes, [undefined, 'entry_refused', undefined, 'entry_refused', undefined, undefined]);
    assert.deepEqual(backend.records.map(seqOf), [0, 1, 2, 3]);
    assert.equal(await codeOf(() => queue.append(prepareEntry(outcome(4)))), 'entry_refused');
  });

  /** A queue whose first write waits until it is let go. */
  function held() {
    const backend = new Scripted();
    let release: () => void = () => undefined;
    backend.script.push(
      () =>
        new Promise<void>((resolve) => {
          release = resolve;
        }),
    );
    return { backend, queue: queueOf(backend), release: () => release() };
  }

  it.each([
    ['10,000 permits', decision(), 10_000],
    ['64 MiB of permits', decision({ context: 'x'.repeat(60_000) }), 1_200],
    ['half as many of what else there is', event(1), 5_000],
    ['half as many bytes of it', event(1, { text: 'x'.repeat(60_000) }), 600],
  ] as const)('takes no more than %s', async (_, entry, most) => {
    const { backend, queue, release } = held();
    const prepared = prepareEntry(entry);
    const codes = Array.from({ length: 11_000 }, () => codeOf(() => queue.append(prepared)));
    await Promise.resolve();
    release();
    const full = (await Promise.all(codes)).filter((code) => code === 'audit_log_full').length;
    assert.ok(full > 0 && 11_000 - full <= most + 512, `${full} were refused`);
    assert.equal(backend.records.length, 11_000 - full);
    assert.equal(await codeOf(() => queue.append(prepared)), undefined);
  });

  it.each([
    ['many', [{}]],
    ['large', [{ x: 'x'.repeat(1_000_000) }, {}]],
  ])('takes permits and outcomes although denials flood it: %s', async (_, contexts) => {
    const { queue, release } = held();
    const denials = contexts
      .map((context) => prepareEntry(decision({ decision: 'deny', context })))
      .flatMap((denial) => Array.from({ length: 11_000 }, () => codeOf(() => queue.append(denial))));
    const permit = queue.append(prepareEntry(decision()));
    const ended = queue.append(prepareEntry(outcome(0)));
    await Promise.resolve();
    release();
    assert.ok((await Promise.all(denials)).includes('audit_log_full'));
    assert.equal((await ended).index - (await permit).index, 1);
  });

  it('keeps batches small in bytes', async () => {
    const backend = new Scripted();
    const queue = queueOf(backend);
    const prepared = prepareEntry(event(1, { text: 'x'.repeat(60_000) }));
    await Promise.all(Array.from({ length: 100 }, () => queue.append(prepared)));
    assert.ok(Math.max(...backend.batches) <= 17, String(backend.batches));
  });

  it('gives what disk is left to permits and outcomes', async () => {
    const backend = new Scripted();
    const low = (records: readonly LogRecord[]) => {
      if (records.some(({ vital }) => vital !== true)) throw refusal('audit_disk_low');
    };
    backend.script.push(low, low);
    const queue = queueOf(backend);
    const entries = [event(1), decision(), decision({ decision: 'deny' }), decision()];
    const codes = await Promise.all(entries.map((entry) => codeOf(() => queue.append(prepareEntry(entry)))));
    assert.deepEqual(codes, ['audit_disk_low', undefined, 'audit_disk_low', undefined]);
    assert.deepEqual(backend.records.map(seqOf), [0, 1]);
    backend.script.push(() => {
      throw refusal('audit_disk_low');
    });
    assert.equal(await codeOf(() => queue.append(prepareEntry(decision()))), 'audit_disk_low');
    assert.equal((await queue.append(prepareEntry(decision()))).index, 2);
  });

  it('asks how long the log is after a failure, and goes on where it ends', async () => {
    const backend = new Scripted();
    const queue = queueOf(backend);
    backend.script.push((records) => {
      // They are there, but nobody was told.
      backend.records.push(...records);
      throw refusal('audit_log_unavailable');
    });
    assert.equal(await codeOf(() => queue.append(prepareEntry(event(1)))), 'audit_log_unavailable');
    backend.isGone = true;
    assert.equal(await codeOf(() => queue.append(prepareEntry(event(2)))), 'audit_log_unavailable');
    backend.isGone = false;
    assert.equal((await queue.append(prepareEntry(event(3)))).index, 1);
    assert.deepEqual(backend.records.map(seqOf), [0, 1]);
  });

  it('takes other numbers where others append as well, and gives up at last', async () => {
    const backend = new Scripted();
    const queue = queueOf(backend);
    const overtake = () => {
      const at = backend.records.length;
      backend.records.push({ leaf: Buffer.from(`{"seq":${at}}`), hash: Buffer.alloc(32) });
    };
    backend.script.push(overtake, overtake);
    const receipts = await Promise.all([1, 2].map((i) => queue.append(prepareEntry(event(i)))));
    assert.deepEqual(
      receipts.map(({ index }) => index),
      [2, 3],
    );
    assert.deepEqual(backend.records.map(seqOf), [0, 1, 2, 3]);
    backend.script.push(...Array.from({ length: 64 }, () => overtake));
    assert.equal(await codeOf(() => queue.append(prepareEntry(event(1)))), 'audit_log_unavailable');
    assert.equal((await queue.append(prepareEntry(event(1)))).index, 68);
  }, 60_000);

  it('refuses one alone whose values cannot be sealed', async () => {
    const backend = new Scripted();
    const seal = async (index: number, { kind }: { kind: string }) => {
      if (kind === 'bad') throw new AuditError('subject_keys_unavailable', 'injected');
      return Uint8Array.of(index);
    };
    const queue = queueOf(backend, { values: { seal } });
    const kinds = ['a', 'bad', 'b', 'bad', 'c'];
    const codes = await Promise.all(
      kinds.map((kind) => codeOf(() => queue.append(prepareEntry(event(1, { kind }))))),
    );
    assert.deepEqual(codes, [
      undefined,
      'subject_keys_unavailable',
      undefined,
      'subject_keys_unavailable',
      undefined,
    ]);
    assert.deepEqual(
      backend.records.map(({ sealed }) => sealed?.[0]),
      [0, 1, 2],
    );
    assert.equal(
      await codeOf(() => queue.append(prepareEntry(event(1, { kind: 'bad' })))),
      'subject_keys_unavailable',
    );
  });

  it('appends what waits when it is closed, and nothing more', async () => {
    const backend = new Scripted();
    const queue = queueOf(backend);
    const waiting = Array.from({ length: 700 }, (_, i) => queue.append(prepareEntry(event(i))));
    const closing = queue.close();
    assert.equal(await codeOf(() => queue.append(prepareEntry(event(1)))), 'audit_log_closed');
    await closing;
    assert.equal(backend.records.length, 700);
    await Promise.all(waiting);
    await queue.close();
  });
});
