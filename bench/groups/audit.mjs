import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { AuditLog, SqliteLogBackend } from '@stele/audit';
import { PostgresLogBackend } from '@stele/audit/postgres';
import { generateKeyPair } from '@stele/crypto';
import { percentile, percentileTimes, perSecond } from '../lib/bars.mjs';
import { ChainedLines } from '../lib/chained-lines.mjs';
import { LogWriters } from '../lib/log-writers.mjs';
import { dropSchema, havePostgres, POSTGRES } from '../lib/postgres.mjs';

export const title = 'Audit log';

const CALLERS = 64;
const BARE = 'bare write and fdatasync of 512 bytes, awaited';
const LINE = Buffer.alloc(512, 'x');
/** So long that checkpoints fall into each slice. */
const LONG = { rounds: 5, sliceMs: 2_500 };

/** A denial whose leaf has about 512 bytes. */
const entry = (i) => ({
  v: 1,
  kind: 'decision',
  time: '2026-11-30T08:00:00.000Z',
  mode: 'enforce',
  covenant: 'urn:stele:covenant:example',
  chain: [],
  policy: 'b'.repeat(64),
  agent: 'did:key:z6MkAgent',
  action: 'invoices.pay',
  resource: `/people/anna/invoices/${i % 1000}`,
  context: { args: { amount: i } },
  decision: 'deny',
  code: 'denied_by_rule',
  statements: [3],
  obligations: [],
});

/** The backends of a log, each with the bars that it has to reach: at saturation, and alone. */
const BACKENDS = [
  {
    name: 'files',
    make: (folder) => folder,
    together: [perSecond(25_000), percentile('p99', 10_000)],
    alone: percentileTimes('p50', 1.5, BARE),
  },
  {
    name: 'SQLite',
    make: (folder) => new SqliteLogBackend(`${folder}.db`),
    together: percentile('p99', 10_000),
  },
];

const SCHEMA = `bench_audit_${process.pid}`;
const ON_A_SERVER = {
  name: 'PostgreSQL',
  make: () => new PostgresLogBackend(POSTGRES, { schema: SCHEMA }),
  together: [perSecond(15_000), percentile('p99', 10_000)],
};
/** Four processes append so many entries in all. */
const SHARED = 4_000;

export async function* tables({ folder }) {
  const bare = await open(join(folder, 'bare'), 'a');
  const lines = await ChainedLines.open(join(folder, 'lines'));
  const signer = await generateKeyPair();
  const logs = [];
  const haveServer = await havePostgres();
  if (!haveServer) process.stderr.write('SKIPPING PostgreSQL: nothing listens there\n');
  for (const backend of haveServer ? [...BACKENDS, ON_A_SERVER] : BACKENDS) {
    const log = await AuditLog.open(await backend.make(join(folder, `log-${backend.name}`)), {
      signer,
      origin: 'example.org/bench',
    });
    logs.push({ ...backend, log });
  }
  try {
    yield alone(bare, lines, logs);
    yield together(bare, lines, logs);
    if (haveServer) yield* shared(signer);
  } finally {
    for (const { log } of logs) await log.close();
    if (haveServer) await dropSchema(SCHEMA);
    await lines.close();
    await bare.close();
  }
}

async function* shared(signer) {
  const schema = `${SCHEMA}_shared`;
  const writers = await LogWriters.start(4, {
    url: POSTGRES,
    schema,
    key: signer.privateKey,
    callers: CALLERS,
  });
  try {
    yield {
      title: `Append ${SHARED} entries to one log in PostgreSQL by four processes, ${CALLERS} callers each`,
      note: 'One history: who was overtaken numbers its entries anew, and waits in line.',
      sliceMs: 2_500,
      rounds: 5,
      candidates: [
        {
          name: 'AuditLog, PostgreSQL, four processes',
          run: () => writers.append(SHARED / 4, entry(0)),
          bar: perSecond(1),
        },
      ],
    };
  } finally {
    await writers.end();
    await dropSchema(schema);
  }
}

const bareWrite = (file) => () => file.write(LINE).then(() => file.datasync());

const alone = (bare, lines, logs) => ({
  title: 'Append an entry, durable when it resolves, one at a time',
  note: 'A leaf of about 512 bytes: checked, committed, canonical, hashed. The tree grows and is signed beside the appends.',
  percentiles: true,
  candidates: [
    { name: BARE, run: bareWrite(bare) },
    { name: 'hash chain in JSON lines', run: (i) => lines.append(entry(i)) },
    ...logs.map(({ name, log, alone: bar }) => ({
      name: `AuditLog, ${name}`,
      run: (i) => log.append(entry(i)),
      bar,
    })),
  ],
});

const together = (bare, lines, logs) => ({
  ...LONG,
  title: `Append an entry, durable when it resolves, ${CALLERS} callers`,
  note: 'At saturation. Appends that come together share one write. A checkpoint is signed and published at least every second.',
  percentiles: true,
  candidates: [
    { name: BARE, run: bareWrite(bare) },
    { name: 'hash chain in JSON lines', run: (i) => lines.append(entry(i)), callers: CALLERS },
    ...logs.map(({ name, log, together: bar }) => ({
      name: `AuditLog, ${name}`,
      run: (i) => log.append(entry(i)),
      callers: CALLERS,
      bar,
    })),
  ],
});
