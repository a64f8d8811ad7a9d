import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AuditLog,
  createMonitor,
  generateKeyPair,
  MemoryLimits,
  MemorySink,
  MemoryStore,
  SqliteStore,
} from '@stele/sdk';
import { percentile, perSecond } from '../lib/bars.mjs';
import { covenant, parties, requestFor, rules, verified } from '../lib/samples.mjs';

export const title = 'Monitor';

/** As long as the entry that a decision leaves. */
const LINE = `${'x'.repeat(899)}\n`;
/** Limits that apply to every request and are never used up here. */
const LIMITS = 'limit ** 1000000 per 1 hours\nlimit tools.** 1000000000 of args.amount per 1 days';

export async function* tables({ folder }) {
  const keys = await parties();
  const path = (name) => join(folder, name);
  yield* decisions(keys, path);
  yield* recorded(keys, path);
}

async function* decisions(keys, path) {
  const check = async (statements, { limits = false, ...options } = {}) => {
    const { monitor, request } = await sample(keys, statements, limits, options);
    return () => monitor.check(request);
  };
  const enforced = await sample(keys, 20, true, {});
  const sqlite = new SqliteStore(path('store.db'));
  yield {
    title: 'A whole decision, recorded in memory',
    note: 'Snapshot of the request, covenant still in force, rules (the match last), limits charged, record. With limits: two apply, a count and a budget. With a store: revocations are looked up each time.',
    percentiles: true,
    candidates: [
      { name: 'check, 20 statements', run: await check(20) },
      { name: 'check, 20 statements, limits', run: await check(20, { limits: true }) },
      { name: 'check, 100 statements', run: await check(100) },
      {
        name: 'check, 100 statements, limits',
        run: await check(100, { limits: true }),
        bar: percentile('p50', 15),
      },
      { name: 'check, 20 statements, MemoryStore', run: await check(20, { store: new MemoryStore() }) },
      { name: 'check, 20 statements, SqliteStore', run: await check(20, { store: sqlite }) },
      { name: 'check, 20 statements, denied', run: await denied(keys) },
      {
        name: 'enforce, 20 statements, limits',
        run: () => enforced.monitor.enforce(enforced.request, () => 1),
      },
    ],
  };
  await sqlite.close();
}

async function* recorded(keys, path) {
  const bare = await openFile(path('bare.log'), 'a');
  const blocking = openSync(path('blocking.log'), 'a');
  const signer = await generateKeyPair();
  const open = (name) => AuditLog.open(path(name), { signer, origin: `bench.example/${name}` });
  const [one, many, enforcing] = [await open('one'), await open('many'), await open('enforcing')];
  const check = async (sink) => {
    const { monitor, request } = await sample(keys, 20, true, { sink });
    return () => monitor.check(request);
  };
  const enforce = async (sink) => {
    const { monitor, request } = await sample(keys, 20, true, { sink });
    return () => monitor.enforce(request, () => 1);
  };
  yield {
    title: 'A whole decision, durable when it returns',
    note: 'The record is a log in a folder: its tree grows and is signed every second meanwhile. Decisions that come together share one write and one fdatasync. `enforce` leaves a second entry, the outcome, and waits for it, too.',
    candidates: [
      { name: 'bare write and fdatasync, awaited', run: () => bare.write(LINE).then(() => bare.datasync()) },
      { name: 'bare write and fdatasync, blocking', run: () => appendDurably(blocking) },
      { name: 'check, AuditLog, 1 caller', run: await check(one) },
      { name: 'check, AuditLog, 64 callers', run: await check(many), callers: 64, bar: perSecond(8_000) },
      { name: 'enforce, AuditLog, 64 callers', run: await enforce(enforcing), callers: 64 },
    ],
  };
  for (const file of [bare, one, many, enforcing]) await file.close();
  closeSync(blocking);
}

async function sample(keys, statements, limited, options) {
  const text = limited ? `${rules(statements - 2)}\n${LIMITS}` : rules(statements);
  const request = requestFor((limited ? statements - 2 : statements) - 1, 1);
  const monitor = await createMonitor({
    covenant: await verified(await covenant(keys, text)),
    trust: [keys.owner.did],
    sink: new MemorySink(),
    limits: new MemoryLimits(),
    ...options,
  });
  const decision = await monitor.check(request);
  if (!decision.permitted) throw new Error(`the sample request is not permitted: ${decision.reason}`);
  return { monitor, request };
}

async function denied(keys) {
  const { monitor, request } = await sample(keys, 20, false, {});
  const other = { ...request, action: 'tools.none.run' };
  return () => monitor.check(other);
}

function appendDurably(file) {
  writeSync(file, LINE);
  fdatasyncSync(file);
}
