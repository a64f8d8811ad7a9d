/** A PostgreSQL of a test's own, which may be stopped, killed and started again. Needs the server's programs. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEveryFile } from '../../../../test/support/file-hooks.js';
import { postgresPrograms } from '../../../../test/support/postgres.js';
import { deadPort } from '../../../../test/support/proxy.js';

/** The server refuses to run as root; then it runs as the user that owns nothing. */
const NOBODY = 65_534;
const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
let made: PostgresServer[] = [];

afterEveryFile(() => {
  for (const server of made) server.remove();
  made = [];
});

export class PostgresServer {
  readonly url: string;
  /** Everything that it keeps. */
  readonly folder: string;
  readonly #port: number;

  private constructor(port: number) {
    this.#port = port;
    this.url = `postgres://stele@127.0.0.1:${port}/postgres`;
    this.folder = mkdtempSync(join(tmpdir(), 'stele-postgres-'));
    chmodSync(this.folder, 0o700);
    if (user.uid !== undefined) chownSync(this.folder, user.uid, user.gid);
    made.push(this);
  }

  static async start(): Promise<PostgresServer> {
    const server = new PostgresServer(await deadPort());
    server.#run(
      'initdb',
      '-U',
      'stele',
      '-A',
      'trust',
      '--no-sync',
      '--no-instructions',
      '-E',
      'UTF8',
      '--locale=C',
    );
    server.start();
    return server;
  }

  /** Returns when it takes connections. */
  start(): void {
    const settings = `-p ${this.#port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c shared_buffers=8MB`;
    this.#run('pg_ctl', 'start', '-w', '-l', join(this.folder, 'log'), '-o', settings);
  }

  /** `immediate` is as if it were killed: it comes back by its log. */
  stop(mode: 'fast' | 'immediate'): void {
    this.#run('pg_ctl', 'stop', '-w', '-m', mode);
  }

  remove(): void {
    this.#spawn('pg_ctl', 'stop', '-w', '-m', 'immediate');
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(program: string, ...args: string[]): void {
    const { status, stderr } = this.#spawn(program, ...args);
    if (status !== 0) throw new Error(`${program} ${args[0]}: ${stderr}`);
  }

  #spawn(program: string, ...args: string[]) {
    return spawnSync(join(postgresPrograms ?? '', program), args, {
      ...user,
      cwd: this.folder,
      env: { ...process.env, PGDATA: this.folder, LC_ALL: 'C' },
      // A server that is started keeps what it is given open.
      stdio: ['ignore', 'ignore', program === 'initdb' ? 'pipe' : 'ignore'],
      encoding: 'utf8',
      timeout: 30_000,
    });
  }
}
