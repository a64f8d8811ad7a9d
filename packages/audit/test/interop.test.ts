/** A program of others’ libraries reads what we write: the tiles, the note and the proofs of the Go checksum database. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateKeyPair, type KeyPair, toSigner } from '@stele/crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { goBuild, haveGo } from '../../../test/support/go.js';
import { AuditLog, Witness, WitnessClient } from '../src/index.js';
import { formatCheckpoint } from '../src/lib/checkpoint.js';
import { hashLeaf } from '../src/lib/merkle.js';
import { addSignatures, COSIGNATURE, formatVerifierKey, signNote, verifierKey } from '../src/lib/note.js';
import { encodeBundle, tilePath } from '../src/lib/tiles.js';
import { TreeEdge } from '../src/lib/tree-edge.js';
import { cosign } from './support/logs.js';
import { event } from './support/samples.js';
import { temporaryFolder } from './support/witnesses.js';

const ORIGIN = 'log.example/interop';
const WITNESS = 'witness.example/w1';
const source = fileURLToPath(new URL('./interop/main.go', import.meta.url));

let program: string;
let pair: KeyPair;
let witness: KeyPair;

const leafOf = (index: number) => Buffer.from(`{"seq":${index},"text":"${'é'.repeat(index % 50)}"}`);

function write(folder: string, path: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}

/** Writes a log that publishes at each of the sizes. @returns its folder, and a checkpoint for each size */
async function writeLog(sizes: readonly number[]): Promise<{ folder: string; checkpoints: string[] }> {
  const [folder, edge, checkpoints] = [temporaryFolder(), new TreeEdge(), [] as string[]];
  for (const size of sizes) {
    const first = edge.size - (edge.size % 256);
    while (edge.size < size) edge.add(hashLeaf(leafOf(edge.size)));
    for (const { level, index, width, bytes } of edge.newTiles())
      write(folder, tilePath(level, index, width), bytes);
    edge.markPublished();
    for (let start = first; start < size; start += 256) {
      const width = Math.min(256, size - start);
      const leaves = Array.from({ length: width }, (_, i) => leafOf(start + i));
      write(folder, tilePath('entries', start / 256, width), encodeBundle(leaves));
    }
    const text = formatCheckpoint({ origin: ORIGIN, size, root: edge.root() });
    const note = await signNote(text, ORIGIN, toSigner(pair));
    const checkpoint = addSignatures(note, [await cosign(note, WITNESS, witness)]);
    write(folder, 'checkpoint', checkpoint);
    checkpoints.push(checkpoint);
  }
  return { folder, checkpoints };
}

/** Lets the program read a log. */
function read(
  folder: string,
  older: string,
  keys = [logKey(), witnessKey()],
): { status: number | null; said: string } {
  const file = join(temporaryFolder(), 'older');
  writeFileSync(file, older);
  const { status, stdout, stderr } = spawnSync(program, [folder, file, ...keys], { encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

const logKey = () => formatVerifierKey(verifierKey(ORIGIN, pair.publicKey));
const witnessKey = () => formatVerifierKey(verifierKey(WITNESS, witness.publicKey, COSIGNATURE));

describe.skipIf(!haveGo)('the libraries of the Go checksum database', () => {
  beforeAll(async () => {
    program = goBuild(source, temporaryFolder());
    [pair, witness] = await Promise.all([generateKeyPair(), generateKeyPair()]);
  });

  it.each([[[1]], [[255, 256]], [[3, 1_000]], [[65_535, 65_600]]])(
    'read a log of the sizes %j, whole',
    async (sizes) => {
      const { folder, checkpoints } = await writeLog(sizes);
      const size = sizes.at(-1);
      for (const older of checkpoints) {
        const { status, said } = read(folder, older);
        expect(said).toMatch(
          new RegExp(`^${size} entries, [1-9]\\d* proofs, signed by ${ORIGIN} ${WITNESS}\n$`),
        );
        expect(status).toBe(0);
      }
    },
  );

  it('read what an AuditLog has written to its folder, cosigned by a witness', async () => {
    const folder = join(temporaryFolder(), 'log');
    const logs = [{ origin: ORIGIN, keys: [pair] }];
    const watching = await Witness.open(temporaryFolder(), { name: WITNESS, signer: witness, logs });
    const { url, close } = await watching.listen();
    const witnesses = [new WitnessClient({ url, key: watching.key })];
    const checkpoints: string[] = [];
    for (const count of [3, 600]) {
      const log = await AuditLog.open(folder, { signer: pair, origin: ORIGIN, witnesses });
      await Promise.all(Array.from({ length: count }, (_, i) => log.append(event(i))));
      checkpoints.push(await log.checkpoint());
      await log.close();
    }
    await close();
    const { status, said } = read(folder, checkpoints[0] as string);
    expect(said).toMatch(new RegExp(`^603 entries, \\d+ proofs, signed by ${ORIGIN} ${WITNESS}\n$`));
    expect(status).toBe(0);
  });

  it('find whatever was changed', async () => {
    const { folder, checkpoints } = await writeLog([100, 700]);
    const [older = '', newest = ''] = checkpoints;
    expect(read(folder, older).status).toBe(0);
    const files = [
      'tile/0/000',
      'tile/0/002.p/188',
      'tile/1/000.p/2',
      'tile/entries/001',
      'tile/entries/002.p/188',
    ];
    for (const file of files) {
      const bytes = readFileSync(join(folder, file));
      const changed = Buffer.from(bytes);
      changed[40] = (changed[40] as number) ^ 1;
      write(folder, file, changed);
      expect(read(folder, older), file).toMatchObject({ status: 1 });
      write(folder, file, bytes);
    }
    const fork = await checkpointOfAFork(100);
    expect(read(folder, fork), 'a fork').toMatchObject({ status: 1 });
    const stranger = await generateKeyPair();
    const key = formatVerifierKey(verifierKey(ORIGIN, stranger.publicKey));
    expect(read(folder, older, [key]), 'another key').toMatchObject({ status: 1 });
    write(folder, 'checkpoint', newest.replace('\n700\n', '\n699\n'));
    expect(read(folder, older), 'a checkpoint that was edited').toMatchObject({ status: 1 });
    write(folder, 'checkpoint', newest);
    expect(read(folder, older)).toMatchObject({ status: 0 });
  });

  /** A checkpoint of the same log and another tree. */
  async function checkpointOfAFork(size: number): Promise<string> {
    const edge = new TreeEdge();
    while (edge.size < size) edge.add(hashLeaf(leafOf(edge.size + 1)));
    return signNote(formatCheckpoint({ origin: ORIGIN, size, root: edge.root() }), ORIGIN, toSigner(pair));
  }
});
