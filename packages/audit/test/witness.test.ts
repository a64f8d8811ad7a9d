/** What a witness answers, as C2SP tlog-witness says. */
import fs, { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { generateKeyPair, type KeyPair, toSigner } from '@stele/crypto';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { addSignatures, openNote, parseVerifierKey, signNote } from '../src/lib/note.js';
import { formatAddCheckpoint, MAX_REQUEST_BYTES, SIZE_TYPE } from '../src/lib/witness-protocol.js';
import { WitnessState } from '../src/lib/witness-state.js';
import type { Witness, WitnessAnswer } from '../src/witness.js';
import { NumberedLog } from './support/logs.js';
import { refusedAs } from './support/refusals.js';
import { requestBody, temporaryFolder, WITNESS_NAME, witnessOf } from './support/witnesses.js';

let log: NumberedLog;
let fork: NumberedLog;
let witness: Witness;

beforeAll(async () => {
  log = await NumberedLog.make();
  fork = log.forkedAt(5);
});

/** Takes a log to a size, by the way of another. */
async function at(size: number, options?: Parameters<typeof witnessOf>[1]): Promise<Witness> {
  const fresh = await witnessOf([log], options);
  if (size > 0) expect((await fresh.addCheckpoint(await requestBody(log, 0, size))).status).toBe(200);
  return fresh;
}

const conflictAt = (size: number): WitnessAnswer => ({ status: 409, type: SIZE_TYPE, body: `${size}\n` });
const body = (text: string) => Buffer.from(text);
const lines = async (old: number, size: number, hashes: Uint8Array[] = []) =>
  body(formatAddCheckpoint({ old, hashes, checkpoint: await log.checkpoint(size) }));

describe('a witness', () => {
  it('cosigns the first checkpoint of a log, and what continues it', async () => {
    witness = await at(0, { clock: () => 1_700_000_000_999 });
    let old = 0;
    for (const size of [0, 1, 2, 8, 8, 9, 255, 256, 257, 300]) {
      const answer = await witness.addCheckpoint(await requestBody(log, old, size));
      expect(answer.status, `${old} to ${size}`).toBe(200);
      expect(answer.body.endsWith('\n')).toBe(true);
      const note = addSignatures(await log.checkpoint(size), [answer.body.trimEnd()]);
      const { verified } = await openNote(note, [log.key, parseVerifierKey(witness.key)]);
      expect(verified.map(({ name, time }) => [name, time])).toEqual([
        [log.origin, undefined],
        [WITNESS_NAME, 1_700_000_000],
      ]);
      old = size;
    }
  });

  it('says which size it has seen to whoever names another', async () => {
    witness = await at(10);
    for (const old of [0, 1, 9, 11, 12]) {
      expect(await witness.addCheckpoint(await requestBody(log, old, 12)), `${old}`).toEqual(conflictAt(10));
    }
    const empty = await at(0);
    expect(await empty.addCheckpoint(await lines(1, 12))).toEqual(conflictAt(0));
  });

  it('refuses a fork, at the same size, at a larger one, and with whatever proof', async () => {
    witness = await at(10);
    expect(await witness.addCheckpoint(await requestBody(fork, 10, 10))).toEqual(conflictAt(10));
    const proofs = [await log.consistency(10, 20), await fork.consistency(10, 20), [], [log.root(10)]];
    for (const hashes of proofs) {
      const request = formatAddCheckpoint({ old: 10, hashes, checkpoint: await fork.checkpoint(20) });
      expect((await witness.addCheckpoint(body(request))).status).toBe(422);
    }
    // It has not moved.
    expect((await witness.addCheckpoint(await requestBody(log, 10, 20))).status).toBe(200);
  });

  it('refuses a rollback', async () => {
    witness = await at(10);
    for (const old of [0, 5, 9]) {
      expect(await witness.addCheckpoint(await requestBody(log, old, 9)), `${old}`).toEqual(conflictAt(10));
    }
    expect((await witness.addCheckpoint(await lines(10, 9))).status).toBe(400);
    expect((await witness.addCheckpoint(await requestBody(log, 10, 10))).status).toBe(200);
  });

  it('refuses a proof where there is nothing to prove, and none where there is', async () => {
    const hash = log.root(1);
    expect((await (await at(0)).addCheckpoint(await lines(0, 12, [hash]))).status).toBe(422);
    witness = await at(10);
    expect((await witness.addCheckpoint(await lines(10, 10, [hash]))).status).toBe(422);
    expect((await witness.addCheckpoint(await lines(10, 12))).status).toBe(422);
    const good = await log.consistency(10, 12);
    expect((await witness.addCheckpoint(await lines(10, 12, good.slice(1)))).status).toBe(422);
    expect((await witness.addCheckpoint(await lines(10, 12, [...good, hash]))).status).toBe(422);
    expect((await witness.addCheckpoint(await lines(10, 12, good))).status).toBe(200);
  });

  it('cosigns an empty tree only by its one root, and then a first checkpoint', async () => {
    witness = await at(0);
    const text = `${log.origin}\n0\n${Buffer.alloc(32, 7).toString('base64')}\n`;
    const wrong = await signNote(text, log.origin, toSigner(log.pair));
    expect((await witness.addCheckpoint(body(`old 0\n\n${wrong}`))).status).toBe(422);
    expect((await witness.addCheckpoint(await lines(0, 0, [log.root(1)]))).status).toBe(422);
    expect((await witness.addCheckpoint(await lines(0, 0))).status).toBe(200);
    expect((await witness.addCheckpoint(await lines(0, 4, [log.root(1)]))).status).toBe(422);
    expect((await witness.addCheckpoint(await lines(0, 4))).status).toBe(200);
  });

  it('knows its logs, and their keys', async () => {
    witness = await at(10);
    const stranger = await NumberedLog.make({ origin: 'stranger.example' });
    expect((await witness.addCheckpoint(await requestBody(stranger, 0, 10))).status).toBe(404);
    const impostor = await NumberedLog.make();
    expect((await witness.addCheckpoint(await requestBody(impostor, 10, 12))).status).toBe(403);
    // A signature in the name of the log’s key that is not of it, beside a good one.
    const good = await log.checkpoint(12);
    const bad = (await log.checkpoint(11)).trimEnd().split('\n').at(-1) as string;
    const hashes = await log.consistency(10, 12);
    const request = (checkpoint: string) => body(formatAddCheckpoint({ old: 10, hashes, checkpoint }));
    expect((await witness.addCheckpoint(request(addSignatures(good, [bad])))).status).toBe(403);
    // Those of others are nothing to it.
    const foreign = (await signNote(`${good.split('\n\n')[0]}\n`, 'x.example', toSigner(stranger.pair)))
      .split('\n')
      .at(-2);
    expect((await witness.addCheckpoint(request(addSignatures(good, [foreign as string])))).status).toBe(200);
  });

  it('keeps the states of logs apart', async () => {
    const other = await NumberedLog.make({ origin: 'log.example/two', size: 20 });
    witness = await witnessOf([log, other]);
    expect((await witness.addCheckpoint(await requestBody(log, 0, 10))).status).toBe(200);
    expect((await witness.addCheckpoint(await requestBody(other, 0, 20))).status).toBe(200);
    expect(await witness.addCheckpoint(await requestBody(log, 0, 11))).toEqual(conflictAt(10));
    expect(await witness.addCheckpoint(await requestBody(other, 0, 20))).toEqual(conflictAt(20));
  });

  it('takes the old key and the new one of a log that changes keys', async () => {
    const next = await NumberedLog.make();
    const keys = [log.key.publicKey, next.pair];
    witness = await witnessOf([], { logs: [{ origin: log.origin, keys }] });
    expect((await witness.addCheckpoint(await requestBody(log, 0, 10))).status).toBe(200);
    expect((await witness.addCheckpoint(await requestBody(next, 10, 12))).status).toBe(200);
  });

  it('refuses what is no request', async () => {
    witness = await at(0);
    const good = (await lines(0, 10)).toString();
    const hash = Buffer.alloc(32, 1).toString('base64');
    const bad = {
      nothing: '',
      'no old size': good.replace('old 0\n', ''),
      'an old size with a sign': good.replace('old 0', 'old -0'),
      'with a zero before it': good.replace('old 0', 'old 00'),
      'in hex': good.replace('old 0', 'old 0x0'),
      'that is too large': good.replace('old 0', `old ${2 ** 53}`),
      'without digits': good.replace('old 0', 'old '),
      'with text after it': good.replace('old 0', 'old 0 '),
      'another word': good.replace('old 0', 'new 0'),
      'carriage returns': good.replaceAll('\n', '\r\n'),
      'no empty line': good.replace('\n\n', '\n'),
      'a hash of 31 bytes': good.replace('\n\n', `\n${Buffer.alloc(31).toString('base64')}\n\n`),
      'a hash in hex': good.replace('\n\n', `\n${Buffer.alloc(32).toString('hex')}\n\n`),
      'base64 with bits to spare': good.replace('\n\n', `\n${hash.replace(/.=$/, 'F=')}\n\n`),
      'too many hashes': good.replace('\n\n', `\n${`${hash}\n`.repeat(64)}\n`),
      'no checkpoint': 'old 0\n\n',
      'no signature': good.slice(0, good.indexOf('\n—') + 1),
      'a note that is no checkpoint': `old 0\n\n${await signNote('x\n', log.origin, toSigner(log.pair))}`,
      'two empty lines': good.replace('\n\n', '\n\n\n'),
      'something after it': `${good}x`,
      'too much': good.replace('old 0', `old 0${'\n'.padEnd(MAX_REQUEST_BYTES, 'a')}`),
    };
    for (const [what, text] of Object.entries(bad)) {
      expect((await witness.addCheckpoint(body(text))).status, what).toBe(400);
    }
    expect((await witness.addCheckpoint(Buffer.from([0xff, ...body(good)]))).status).toBe(400);
    const most = good.replace('\n\n', `\n${`${hash}\n`.repeat(63)}\n`);
    expect((await witness.addCheckpoint(body(most))).status, '63 hashes are a request, and no proof').toBe(
      422,
    );
    expect((await witness.addCheckpoint(body(good))).status).toBe(200);
  });

  it('is made of keys that are some, each for its use', async () => {
    await refusedAs('note_malformed', () => witnessOf([], { logs: [{ origin: 'a', keys: ['x'] }] }));
    await expect(witnessOf([], { name: 'a b' })).rejects.toThrow(RangeError);
    await expect(witnessOf([], { signer: toSigner(await generateKeyPair(), 'log') })).rejects.toThrow(
      expect.objectContaining({ code: 'key_use_wrong' }),
    );
  });
});

describe('the state of a witness', () => {
  let pair: KeyPair;
  beforeAll(async () => {
    pair = await generateKeyPair();
  });

  const stateOf = (folder: string) => {
    const [place = ''] = readdirSync(folder);
    return join(folder, place);
  };

  it('is remembered', async () => {
    const folder = temporaryFolder();
    await at(10, { folder, pair });
    for (let restart = 0; restart < 3; restart++) {
      witness = await witnessOf([log], { folder, pair });
      expect(await witness.addCheckpoint(await requestBody(log, 0, 12))).toEqual(conflictAt(10));
      expect(await witness.addCheckpoint(await requestBody(fork, 10, 10))).toEqual(conflictAt(10));
      expect((await witness.addCheckpoint(await requestBody(fork, 10, 12))).status).toBe(422);
    }
    expect((await witness.addCheckpoint(await requestBody(log, 10, 12))).status).toBe(200);
  });

  it('is one file for each log: the checkpoint, with the signatures that were verified', async () => {
    const folder = temporaryFolder();
    witness = await at(10, { folder });
    const text = (await log.checkpoint(12)).split('\n\n')[0] as string;
    const stranger = await signNote(`${text}\n`, 'x.example', toSigner(await generateKeyPair()));
    const checkpoint = addSignatures(await log.checkpoint(12), [stranger.split('\n').at(-2) as string]);
    const hashes = await log.consistency(10, 12);
    expect(
      (await witness.addCheckpoint(body(formatAddCheckpoint({ old: 10, hashes, checkpoint })))).status,
    ).toBe(200);
    expect(readdirSync(stateOf(folder))).toEqual(['2']);
    expect(readFileSync(join(stateOf(folder), '2'), 'utf8')).toBe(await log.checkpoint(12));
  });

  it('is not changed by asking for the same checkpoint again', async () => {
    const folder = temporaryFolder();
    witness = await at(10, { folder });
    for (let i = 0; i < 3; i++) {
      expect((await witness.addCheckpoint(await requestBody(log, 10, 10))).status).toBe(200);
    }
    expect(readdirSync(stateOf(folder))).toEqual(['1']);
  });

  it('with what a crash may leave is taken up', async () => {
    const folder = temporaryFolder();
    await at(10, { folder, pair });
    const place = stateOf(folder);
    writeFileSync(join(place, 'new-00000000-0000-4000-8000-000000000000'), 'half a check');
    // Linked, and the one before it not yet removed.
    writeFileSync(join(place, '2'), await log.checkpoint(12));
    witness = await witnessOf([log], { folder, pair });
    expect(readdirSync(place)).toEqual(['1', '2']);
    expect(await witness.addCheckpoint(await requestBody(log, 10, 20))).toEqual(conflictAt(12));
    expect((await witness.addCheckpoint(await requestBody(log, 12, 20))).status).toBe(200);
    expect(readdirSync(place)).toEqual(['3']);
  });

  it('that cannot be read keeps the witness from signing', async () => {
    const other = await NumberedLog.make({ origin: 'log.example/two', size: 2 });
    for (const damage of ['', 'x', (await log.checkpoint(10)).slice(0, -9), await other.checkpoint(2)]) {
      const folder = temporaryFolder();
      await at(10, { folder, pair });
      writeFileSync(join(stateOf(folder), '1'), damage);
      witness = await witnessOf([log], { folder, pair });
      const request = await requestBody(log, 10, 12);
      await refusedAs('audit_log_corrupt', () => witness.addCheckpoint(request));
    }
    const folder = temporaryFolder();
    witness = await at(10, { folder, pair });
    mkdirSync(join(stateOf(folder), '2'));
    const request = await requestBody(log, 10, 12);
    await expect(witness.addCheckpoint(request)).rejects.toThrow(/EISDIR/);
  });

  it('is not taken back by whoever has slept through several turns', async () => {
    const folder = temporaryFolder();
    const [state, { origin }] = [new WitnessState(folder), log];
    await state.prepare(origin);
    const notes = await Promise.all([1, 2, 3, 4].map((size) => log.checkpoint(size)));
    const [first = '', second = '', third = '', fourth = ''] = notes;
    expect(await state.replace(origin, undefined, first)).toBe(true);
    const slept = await state.read(origin);
    expect(slept).toMatchObject({ turn: 1, size: 1, note: first });
    expect(await state.replace(origin, slept, second)).toBe(true);
    expect(await state.replace(origin, slept, fourth), 'its number is taken').toBe(false);
    expect(await state.replace(origin, await state.read(origin), third)).toBe(true);
    expect(await state.replace(origin, slept, fourth), 'its number is free again').toBe(false);
    expect(await state.replace(origin, undefined, fourth)).toBe(false);
    expect(readdirSync(stateOf(folder))).toEqual(['3']);
    expect(await state.read(origin)).toMatchObject({ turn: 3, size: 3, note: third });
  });

  /** Lets the next call of a name of `node:fs/promises` do something else. */
  function once(name: 'link' | 'readFile', stand: (...args: never[]) => Promise<unknown>): void {
    const real = fs.promises[name];
    const restore = () => {
      Object.assign(fs.promises, { [name]: real });
      syncBuiltinESMExports();
    };
    onTestFinished(restore);
    Object.assign(fs.promises, {
      [name]: (...args: never[]) => {
        restore();
        return stand(...args);
      },
    });
    syncBuiltinESMExports();
  }

  it('is the newer one where it is replaced while it is read', async () => {
    const folder = temporaryFolder();
    const [state, { origin }] = [new WitnessState(folder), log];
    await state.prepare(origin);
    const [first = '', second = ''] = await Promise.all([1, 2].map((size) => log.checkpoint(size)));
    await state.replace(origin, undefined, first);
    const seen = await state.read(origin);
    once('readFile', async (path: never) => {
      await state.replace(origin, seen, second);
      return fs.promises.readFile(path, 'utf8');
    });
    expect(await state.read(origin)).toMatchObject({ turn: 2, size: 2, note: second });
  });

  it('that cannot be put in place keeps the witness from signing, and stays as it was', async () => {
    const folder = temporaryFolder();
    witness = await at(10, { folder, pair });
    const request = await requestBody(log, 10, 12);
    once('link', () => Promise.reject(Object.assign(new Error('injected'), { code: 'EIO' })));
    await expect(witness.addCheckpoint(request)).rejects.toThrow('injected');
    witness = await witnessOf([log], { folder, pair });
    expect((await witness.addCheckpoint(request)).status).toBe(200);
    expect(readdirSync(stateOf(folder))).toEqual(['2']);
  });

  it('of which a file has vanished is not guessed at', async () => {
    const folder = temporaryFolder();
    witness = await at(10, { folder, pair });
    symlinkSync('nowhere', join(stateOf(folder), '2'));
    const request = await requestBody(log, 10, 12);
    await refusedAs('audit_log_corrupt', () => witness.addCheckpoint(request));
  });

  it('goes to one of two who ask at once, also through two witnesses of one folder', async () => {
    const other = log.forkedAt(10);
    const requests = [await requestBody(log, 10, 12), await requestBody(other, 10, 12)];
    const again = [await requestBody(log, 12, 12), await requestBody(other, 12, 12)];
    for (let round = 0; round < 12; round++) {
      const folder = temporaryFolder();
      const twins = [await at(10, { folder, pair }), await witnessOf([log], { folder, pair })] as const;
      const answers = await Promise.all(
        Array.from({ length: 8 }, async (_, i) => {
          const tree = (i >> 1) % 2;
          const { status } = await twins[i % 2 === 0 ? 0 : 1].addCheckpoint(requests[tree] as Uint8Array);
          return { tree, status };
        }),
      );
      expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true);
      const cosigned = new Set(answers.filter(({ status }) => status === 200).map(({ tree }) => tree));
      expect(cosigned.size, 'one tree was cosigned, and only one').toBe(1);
      const [winner = 0] = cosigned;
      for (const twin of twins) {
        expect((await twin.addCheckpoint(again[winner] as Uint8Array)).status).toBe(200);
        expect(await twin.addCheckpoint(again[1 - winner] as Uint8Array)).toEqual(conflictAt(12));
      }
      expect(readdirSync(stateOf(folder))).toEqual(['2']);
    }
  });
});
