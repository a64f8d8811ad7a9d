/**
 * Says in plain words which suites cannot run here and why, before the first test. With STELE_REQUIRE_ALL=1 (as in
 * continuous integration) something missing is an error instead: a run that skipped them must not be green.
 */

import { chromiumPath, haveChromium } from './chromium.js';
import { haveCompiler } from './compiler.js';
import { haveGo } from './go.js';
import { havePostgres, postgresPrograms, postgresUrl } from './postgres.js';
import { havePromtool } from './promtool.js';
import { haveRedis, haveRedisServer, redisUrl } from './redis.js';
import { canMountSmallDisks } from './small-disk.js';
import { haveSqlite } from './sqlite.js';
import { haveVectors, vectorsFolder } from './vectors.js';

export default function announceSkips(): void {
  const missing: string[] = [];
  if (!haveVectors) missing.push(`third-party vectors (${vectorsFolder}; set STELE_VECTORS to their folder)`);
  if (!haveSqlite) missing.push('SQLite (better-sqlite3, which has to be compiled, or Node 22 and newer)');
  if (!canMountSmallDisks) missing.push('a small file system of its own, for the full disk (root on Linux)');
  if (!haveCompiler) missing.push('a C compiler on Linux, for a disk that fails at every call (cc)');
  if (!havePromtool) missing.push('promtool (the Debian package prometheus has it; or set STELE_PROMTOOL)');
  if (!haveGo) {
    missing.push(
      'Go with golang.org/x/mod (the Debian packages golang-go and golang-golang-x-mod-dev; or set STELE_GO and STELE_GOPATH)',
    );
  }
  if (!havePostgres) missing.push(`PostgreSQL (${new URL(postgresUrl).host}; set STELE_POSTGRES to a URL)`);
  if (postgresPrograms === undefined)
    missing.push(
      'the programs of PostgreSQL, to start and kill one (set STELE_POSTGRES_PROGRAMS to their folder)',
    );
  if (!haveRedis) missing.push(`Redis (${new URL(redisUrl).host}; set STELE_REDIS to a URL)`);
  if (!haveRedisServer) missing.push('the program redis-server, to start and kill one');
  if (!haveChromium) missing.push(`Chromium (${chromiumPath}; set STELE_CHROMIUM to the program)`);
  for (const what of missing) process.stderr.write(`\nSKIPPING every suite that needs: ${what}\n`);
  if (missing.length > 0 && process.env.STELE_REQUIRE_ALL === '1') {
    throw new Error(`STELE_REQUIRE_ALL=1, but missing: ${missing.join('; ')}`);
  }
}
