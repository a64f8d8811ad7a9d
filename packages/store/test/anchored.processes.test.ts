/** Several processes write to one anchored store, and some of them are killed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { haveSqlite } from '../../../test/support/sqlite.js';
import { FileAnchor, FileStore, SqliteStore } from '../src/index.js';
import { anchored } from './support/anchors.js';
import { KEY } from './support/backends.js';
import { bundle } from './support/programs.js';
import { freshPath } from './support/stores.js';

const PUTS = Number(process.env.STELE_PUTS ?? 12);
const KILLS = Number(process.env.STELE_KILLS ?? 3);
const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const program = await bundle('./anchored-writer.ts');

/** Runs a writer; kills it when it has said so many ids. @returns the ids that it said */
async function writer(args: readonly string[], killAfter = Number.POSITIVE_INFINITY): Promise<string[]> {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_PATH: modules },
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > killAfter) child.kill('SIGKILL');
  });
  const [code] = await once(child, 'close');
  assert.equal(code, killAfter === Number.POSITIVE_INFINITY ? 0 : null);
  return said.split('\n').slice(0, -1);
}

describe.each([
  ['file', true],
  ['sqlite', haveSqlite],
] as const)('an anchored store over %s', (medium, isThere) => {
  it.skipIf(!isThere)('is whole after two have written to it, and others were killed', async () => {
    const [path, anchorPath] = [freshPath(), freshPath('anchor')];
    const args = (count: number) => [medium, path, anchorPath, Buffer.from(KEY).toString('hex'), `${count}`];
    const deaths = (async () => {
      const said: string[] = [];
      for (let death = 0; death < KILLS; death++) said.push(...(await writer(args(1_000_000), 1 + death)));
      return said;
    })();
    const said = (await Promise.all([writer(args(PUTS)), writer(args(PUTS)), deaths])).flat();
    const store = anchored(
      medium === 'file' ? new FileStore(path) : new SqliteStore(path),
      new FileAnchor(anchorPath),
    );
    const { records } = await store.verify();
    for (const id of said) assert.ok(await store.has(id));
    // One of each that was killed may be there without having been told.
    assert.ok(
      records - 1 >= said.length && records - 1 <= said.length + 3 * KILLS,
      `${records}, ${said.length}`,
    );
    await store.close();
  });
});
