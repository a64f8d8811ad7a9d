/**
 * Takes steps with stores of the built package while the disk fails at one call after the other, each time in a new store, and goes on
 * in this process when the disk is well again. Says at which call it was through.
 * Usage: node enduring-writer.mjs <file|better-sqlite3|node:sqlite> <folder> <file of steps> <action> <once|on> <first> <stride>
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { FileStore, SqliteStore, StoreError } from '@stele/store';
import { type Action, FaultyDisk, FOR_EVER } from './faulty-disk.js';
import { assertReadable, assertSteps, perform, type Step, statesOf, type WholeStore } from './steps.js';

const [kind, folder = '', file = '', action = '', extent, first, stride] = process.argv.slice(2);
const steps = JSON.parse(readFileSync(file, 'utf8')) as Step[];
const states = statesOf(steps);
const disk = new FaultyDisk(process.env.STELE_DISK_CONTROL ?? '');

const open = (path: string): WholeStore =>
  kind === 'file' ? new FileStore(path) : new SqliteStore(path, { driver: kind as 'better-sqlite3' });

/** @returns whether the call was reached */
async function endures(path: string, at: number): Promise<boolean> {
  let store: WholeStore | undefined;
  let done = 0;
  let failure: unknown;
  disk.plan(action as Action, at, extent === 'once' ? at : FOR_EVER);
  try {
    store = open(path);
    for (; done < steps.length; done++) await perform(store, steps[done] as Step);
  } catch (error) {
    failure = error;
    // Who can write nothing can read what is there.
    if (store !== undefined) await assertReadable(store, states, done);
  }
  if (failure === undefined) failure = await store?.close().catch((error: unknown) => error);
  const reached = disk.count() >= at;
  disk.heal();
  if (failure !== undefined) {
    assert.ok(failure instanceof StoreError, String(failure));
    assert.equal(failure.code, 'store_unavailable');
    // What is written in two halves is written.
    assert.notEqual(action, 'short');
  }
  const again = store === undefined || done === steps.length ? open(path) : store;
  for (done = await assertSteps(again, states, done); done < steps.length; done++)
    await perform(again, steps[done] as Step);
  await assertSteps(again, states, steps.length);
  await again.close();
  const last = open(path);
  await assertSteps(last, states, steps.length);
  await last.close();
  return reached;
}

let at = Number(first);
for (let reached = true; reached; at += Number(stride)) {
  mkdirSync(folder);
  reached = await endures(join(folder, 'store'), at).catch((error: unknown) => {
    writeSync(2, `${action} ${extent} at call ${at}\n`);
    throw error;
  });
  rmSync(folder, { recursive: true });
}
writeSync(1, String(at));
