/** A process that erases people is killed, again and again: each is erased, or can be. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateKeyPair, toHex } from '@stele/crypto';
import { build } from 'esbuild';
import { it } from 'vitest';
import { AuditLog, SubjectKeyFolder, verifyLog } from '../src/index.js';
import { codeOf } from './support/entries.js';
import { ERASER_ORIGIN } from './support/erasures.js';
import { filesUnder, scratch } from './support/places.js';

const KILLS = Number(process.env.STELE_KILLS ?? 5);
const signer = await generateKeyPair();

/** Runs the eraser and kills it after a number of lines, from 1. @returns the lines */
async function killedAfter(program: string, args: string[], lines: number): Promise<string[]> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > lines) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  assert.equal(signal, 'SIGKILL', said);
  return said.split('\n').slice(0, -1);
}

it(`erases, or can erase, through ${KILLS} deaths`, async () => {
  const folder = scratch();
  const [path, keyPath, program] = [join(folder, 'log'), join(folder, 'keys'), join(scratch(), 'eraser.mjs')];
  await build({
    entryPoints: [fileURLToPath(new URL('support/eraser.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: program,
    external: ['better-sqlite3', 'pg'],
    logLevel: 'silent',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  for (let death = 0; death < KILLS; death++) {
    const said = await killedAfter(program, [path, keyPath, toHex(signer.privateKey)], 1 + death * 3);
    const keys = new SubjectKeyFolder(keyPath);
    const log = await AuditLog.open(path, { signer, origin: ERASER_ORIGIN, values: { keys } });
    for (const line of said) {
      const [, sign, indexes = '', subject = ''] = /^([?!]) ([\d,]+) (.*)$/.exec(line) ?? [];
      const isDone = said.includes(`! ${indexes} ${subject}`);
      if (sign === '?' && !isDone) await log.eraseSubject(subject);
      for (const index of indexes.split(',')) {
        assert.equal(await codeOf(() => log.values(Number(index))), 'values_erased', line);
      }
      assert.equal(await keys.get(subject, { create: false }), undefined);
    }
    assert.ok(!filesUnder(folder).some(({ bytes }) => bytes.includes('person ')));
    const report = await verifyLog(log, { keys: [signer] });
    assert.equal(report.valid, true, JSON.stringify(report));
    await log.close();
  }
});
