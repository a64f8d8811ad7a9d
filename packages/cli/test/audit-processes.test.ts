/** `stele audit` as processes of their own, beside a log that is being written. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  AuditLog,
  addSignatures,
  FileLogBackend,
  formatVerifierKey,
  type LogBackend,
  SqliteLogBackend,
  SubjectKeyFolder,
  verifierKey,
  WitnessClient,
} from '@stele/audit';
import { PostgresLogBackend } from '@stele/audit/postgres';
import { type KeyPair, keyPairFromPrivateKey } from '@stele/crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { havePostgres, postgresUrl } from '../../../test/support/postgres.js';
import { haveSqlite } from '../../../test/support/sqlite.js';
import { dayOf } from './audit-entries.js';
import { freshSchema } from './servers.js';
import { Folder } from './support.js';

const bin = fileURLToPath(new URL('../dist/stele.js', import.meta.url));
const ORIGIN = 'audit.example/processes';
const folder = new Folder();
const running = new Set<ChildProcessWithoutNullStreams>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process of the built command. */
class Run {
  readonly child: ChildProcessWithoutNullStreams;
  out = '';
  err = '';
  readonly ended: Promise<number | null>;

  constructor(...argv: string[]) {
    this.child = spawn(process.execPath, [bin, 'audit', ...argv], { cwd: folder.path });
    running.add(this.child);
    this.child.stdout.on('data', (chunk) => (this.out += chunk));
    this.child.stderr.on('data', (chunk) => (this.err += chunk));
    this.ended = once(this.child, 'close').then(([code]) => {
      running.delete(this.child);
      return code;
    });
  }

  /** Waits for a text on standard output. */
  async says(text: string): Promise<void> {
    while (!this.out.includes(text)) {
      const [chunk] = await Promise.race([
        once(this.child.stdout, 'data'),
        this.ended.then(() => [undefined]),
      ]);
      if (chunk === undefined && !this.out.includes(text))
        throw new Error(`it ended without ${text}: ${this.err}`);
    }
  }
}

async function ran(...argv: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const run = new Run(...argv);
  const code = await run.ended;
  return { code, out: run.out, err: run.err };
}

/** A key in a file, and as a pair. */
async function keyAt(name: string): Promise<KeyPair> {
  const { file } = await folder.key(name);
  return keyPairFromPrivateKey(Buffer.from(JSON.parse(readFileSync(file, 'utf8')).d, 'base64url'));
}

const vkey = ({ publicKey }: KeyPair) => formatVerifierKey(verifierKey(ORIGIN, publicKey));

async function begin(backend: LogBackend | string, signer: KeyPair, more: object = {}): Promise<AuditLog> {
  const log = await AuditLog.open(backend, { signer, origin: ORIGIN, ...more });
  await Promise.all(Array.from(dayOf(300), (entry) => log.append(entry)));
  await log.checkpoint();
  return log;
}

describe('beside the writer of a log', () => {
  it('reads, follows, verifies, proves and exports, and takes no lock', async () => {
    const pair = await keyAt('writer.jwk');
    const log = await begin(folder.at('live'), pair);
    const follower = new Run('tail', 'live', '-n', '1', '--follow');
    await follower.says(' 299  ');
    for (const argv of [
      ['show', 'live', '--index', '298..', '--key', pair.did],
      ['verify', 'live', '--key', pair.publicKeyHex],
      ['prove', 'live', '299', '--out', 'live.tlog-proof'],
      ['export', 'live', '--to', 'live.tar', '--html', 'live.html', '--key', pair.did],
      ['verify', 'live.tar', '--key', pair.did],
      ['verify', 'live.tlog-proof', '--key', pair.did],
    ]) {
      const { code, err } = await ran(...argv);
      expect([argv[0], code, err]).toEqual([argv[0], 0, '']);
    }
    const [entry] = dayOf(1);
    await log.append(entry as never);
    await log.checkpoint();
    await follower.says(' 300  ');
    follower.child.kill('SIGINT');
    expect([await follower.ended, follower.err]).toEqual([0, '']);
    await log.close();
    expect(readFileSync(folder.at('live.html'), 'utf8')).toContain('Content-Security-Policy');
  });

  it('has the exit codes 0, 1 and 2', async () => {
    const pair = await keyAt('codes.jwk');
    await (await begin(folder.at('codes'), pair)).close();
    expect((await ran('verify', 'codes', '--key', pair.did)).code).toBe(0);
    const path = folder.at('codes/tile/0/000');
    const tile = readFileSync(path);
    tile.writeUInt8(tile.readUInt8(7) ^ 1, 7);
    writeFileSync(path, tile);
    const { code, out } = await ran('verify', 'codes', '--key', pair.did, '--json');
    expect([code, JSON.parse(out).problem.code]).toEqual([1, 'tile_changed']);
    expect((await ran('verify', 'codes')).code).toBe(2);
    expect((await ran('verify', 'not there', '--key', pair.did)).code).toBe(2);
  });

  it.skipIf(!haveSqlite)('reads a log in SQLite (needs SQLite)', async () => {
    const pair = await keyAt('sqlite.jwk');
    const log = await begin(new SqliteLogBackend(folder.at('log.db')), pair);
    for (const name of ['log.db', 'sqlite:log.db']) {
      const { code, out, err } = await ran('verify', name, '--key', pair.did);
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain('All 300 entries');
    }
    expect((await ran('tail', 'log.db', '-n', '2')).out.trimEnd().split('\n')).toHaveLength(2);
    await log.close();
  });

  it.skipIf(!havePostgres)('reads a log in PostgreSQL (needs PostgreSQL)', async () => {
    const pair = await keyAt('postgres.jwk');
    const schema = freshSchema();
    const log = await begin(new PostgresLogBackend(postgresUrl, { schema }), pair);
    const url = new URL(postgresUrl);
    url.searchParams.set('schema', schema);
    const { code, out, err } = await ran('verify', url.href, '--key', pair.did);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('All 300 entries');
    await log.close();
    url.searchParams.set('schema', `${schema}_none`);
    expect((await ran('verify', url.href, '--key', pair.did)).code).toBe(2);
  });
});

describe('a witness', () => {
  it('cosigns what grows, refuses a fork after a restart, and ends when it is told to', async () => {
    const pair = await keyAt('watched.jwk');
    await folder.key('witness.jwk');
    const log = await begin(folder.at('watched'), pair);
    const start = async () => {
      const witness = new Run(
        ...['witness', '--listen', '127.0.0.1:0', '--state', 'state', '--key', 'witness.jwk', '--json'],
        ...['--log', vkey(pair), '--name', 'witness.example/w1'],
      );
      await witness.says('\n');
      return { witness, ...(JSON.parse(witness.out) as { url: string; key: string }) };
    };
    const { witness, url, key } = await start();
    const cosigned = async (from: AuditLog, at: string) => {
      const checkpoint = await from.checkpoint();
      const consistencyProof = (a: number, b: number) => from.consistencyProof(a, b);
      return addSignatures(checkpoint, [
        await new WitnessClient({ url: at, key }).cosign({ checkpoint, consistencyProof }),
      ]);
    };
    const note = await cosigned(log, url);
    await log.close();
    writeFileSync(folder.at('watched/checkpoint'), note);
    const verified = await ran('verify', 'watched', '--key', pair.did, '--witness', key, '--json');
    expect([verified.code, JSON.parse(verified.out).checked.witnesses]).toEqual([0, ['witness.example/w1']]);
    witness.child.kill('SIGTERM');
    expect([await witness.ended, witness.err]).toEqual([0, '']);

    const again = await start();
    expect(again.key).toBe(key);
    const fork = await begin(folder.at('fork'), pair);
    await fork.append([...dayOf(1)][0] as never);
    await expect(cosigned(fork, again.url)).rejects.toMatchObject({ code: 'witnesses_missing' });
    await fork.close();
    again.witness.child.kill('SIGTERM');
    expect(await again.witness.ended).toBe(0);
  });
});

describe('erasing', () => {
  it('destroys the key of a subject once it is confirmed, and says so in the log', async () => {
    const pair = await keyAt('erasing.jwk');
    const keys = new SubjectKeyFolder(folder.at('subjects'));
    const open = () => begin(new FileLogBackend(folder.at('erasing')), pair, { values: { keys } });
    const log = await open();
    const { agent } = [...dayOf(1)][0] as { agent: string };
    const other = [...dayOf(300)]
      .flatMap((entry) => (entry.kind === 'decision' ? [entry.agent as string] : []))
      .find((each) => each !== agent) as string;
    expect((await log.values(0))?.values).toMatchObject({ agent });
    const erase = (...argv: string[]) => ran('erase', 'erasing', '--keys', 'subjects', '--json', ...argv);
    const parsed = async (run: ReturnType<typeof erase>) => {
      const { code, out } = await run;
      return [code, JSON.parse(out)];
    };
    expect(await parsed(erase('--subject', agent))).toEqual([
      2,
      { error: expect.objectContaining({ code: 'not_confirmed' }) },
    ]);
    expect((await log.values(0))?.values).toMatchObject({ agent });
    const beside = await parsed(erase('--subject', other, '--yes', '--signer', 'erasing.jwk'));
    expect(beside).toEqual([2, { error: expect.objectContaining({ code: 'audit_log_locked' }) }]);

    expect(await parsed(erase('--subject', agent, '--yes'))).toEqual([
      0,
      { origin: ORIGIN, subject: agent, erased: true },
    ]);
    await log.close();
    const reopened = await AuditLog.open(folder.at('erasing'), {
      signer: pair,
      origin: ORIGIN,
      values: { keys },
    });
    await expect(reopened.values(0)).rejects.toMatchObject({ code: 'values_erased' });
    await reopened.close();

    const [code, said] = await parsed(erase('--subject', other, '--yes', '--signer', 'erasing.jwk'));
    expect([code, said]).toEqual([
      0,
      {
        origin: ORIGIN,
        subject: other,
        erased: true,
        index: expect.any(Number),
        salt: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ]);
    const shown = await ran('show', 'erasing', '--index', String(said.index), '--key', pair.did, '--json');
    expect([shown.code, JSON.parse(shown.out).entries[0].entry.kind]).toEqual([0, 'log.erased']);
    expect(shown.out).not.toContain(other);
    expect(await parsed(erase('--subject', 'nobody', '--yes'))).toEqual([
      1,
      expect.objectContaining({ erased: false }),
    ]);
  });

  it('makes no folder of keys where there is none', async () => {
    const pair = await keyAt('none.jwk');
    await (await begin(folder.at('no-keys'), pair)).close();
    const { code } = await ran('erase', 'no-keys', '--keys', 'nothing', '--subject', 'x', '--yes');
    expect([code, existsSync(folder.at('nothing'))]).toEqual([2, false]);
  });
});
