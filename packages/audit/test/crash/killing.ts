/** Kills writers of a log (SIGKILL) at random instants, and looks what they have left. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { generateKeyPair, toHex } from '@stele/crypto';
import { build } from 'esbuild';
import { AuditLog, FileHeadKeeper, type LogReader, verifyLog } from '../../src/index.js';
import { readCheckpoint } from '../../src/lib/checkpoint.js';
import { decodeBundle, TILE_WIDTH, tileWidth } from '../../src/lib/tiles.js';
import { BACKENDS, type BackendKind } from './backends.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** So many acknowledged entries go before the instant, at most; the rest is chance. */
const MOST_ENTRIES = 400;
/** So often a log is written on before it is verified and a new one begins. */
const LIVES = 5;

/** The leaf hashes, by index, that a process said before it was killed. */
type Acknowledged = Map<number, string>;

/** Bundles the program that appends, in a folder that its test removes. @returns the file to run */
export async function bundleAppender(folder: string): Promise<string> {
  const outfile = `${folder}/appender.mjs`;
  await build({
    entryPoints: [at('./appender.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    external: ['better-sqlite3', 'pg', 'node:sqlite'],
    // For what is bundled and asks for modules of Node in the older way.
    banner: {
      js: "import { createRequire as ask } from 'node:module'; const require = ask(import.meta.url);",
    },
    logLevel: 'silent',
  });
  return outfile;
}

/**
 * Kills writers of one kind of backend, so many times. After each, everything that was acknowledged is there, what was
 * published before is contained in what is published now, and permits that nobody has settled have the outcome `unknown`.
 * @param makePlace gives a place where there is no log yet
 */
export async function killWriters(
  kind: BackendKind,
  program: string,
  kills: number,
  makePlace: () => string,
): Promise<{ entries: number; cut: number }> {
  const total = { entries: 0, cut: 0 };
  for (let left = kills; left > 0; left -= LIVES) {
    const lives = await killedLog(kind, program, Math.min(left, LIVES), makePlace());
    total.entries += lives.entries;
    total.cut += lives.cut;
  }
  return total;
}

async function killedLog(kind: BackendKind, program: string, lives: number, place: string) {
  const signer = await generateKeyPair();
  const head = `${place}.kept-head`;
  const since: string[] = [];
  let [entries, cut, size] = [0, 0, 0];
  for (let life = 0; life < lives; life++) {
    const acknowledged = await load(program, [kind, place, head, toHex(signer.privateKey)]);
    entries += acknowledged.size;
    const log = await AuditLog.open(BACKENDS[kind](place), {
      signer,
      origin: 'example.org/crash',
      heads: new FileHeadKeeper(head),
    });
    if (log.cutBytes > 0) cut++;
    for (const [index, hash] of acknowledged) {
      assert.equal(toHex((await log.inclusionProof(index)).leafHash), hash, `entry ${index}`);
    }
    since.push(await log.checkpoint());
    size = await assertSettled(log.reader, size);
    if (life === lives - 1) {
      const report = await verifyLog(log, { keys: [signer], since });
      assert.deepEqual(report.problems, []);
    }
    await log.close();
  }
  return { entries, cut };
}

/** Every permit of a life has one outcome, told by its caller or not known. @returns where the life ended */
async function assertSettled(reader: LogReader, from: number): Promise<number> {
  const { size } = readCheckpoint((await reader.checkpoint()) ?? '');
  const permits = new Set<number>();
  for (let bundle = Math.floor(from / TILE_WIDTH); bundle * TILE_WIDTH < size; bundle++) {
    const width = tileWidth(0, bundle, size);
    const leaves = decodeBundle((await reader.entries(bundle, width)) ?? Buffer.alloc(0), width);
    for (const [i, bytes] of leaves.entries()) {
      const index = bundle * TILE_WIDTH + i;
      if (index < from) continue;
      const { kind, decision, of } = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
      if (kind === 'decision' && decision === 'permit') permits.add(index);
      if (kind === 'outcome') assert.ok(permits.delete(of as number), `entry ${index}`);
    }
  }
  assert.deepEqual([...permits], []);
  return size;
}

/** A process that is loaded until it is killed. */
async function load(program: string, args: readonly string[]): Promise<Acknowledged> {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_PATH: at('../../../../node_modules') }, // where the drivers are
  });
  const enough = randomInt(1, MOST_ENTRIES);
  const acknowledged: Acknowledged = new Map();
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [index, hash = ''] = line.split(' ');
      acknowledged.set(Number(index), hash);
    }
    // Between the line that says enough and the signal there is as much time as chance gives.
    if (acknowledged.size >= enough) setTimeout(() => child.kill('SIGKILL'), randomInt(0, 4));
  });
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  assert.equal(code, null, 'it was killed, and did not end by itself');
  return acknowledged;
}
