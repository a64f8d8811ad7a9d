/** Whether an inclusion in a log proves that a key signed before it retired. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  formatCheckpoint,
  formatProof,
  formatVerifierKey,
  hashLeaf,
  hashNode,
  signNote,
  verifierKey,
  Witness,
} from '@stele/audit';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type CovenantDocument,
  canonicalizeJson,
  createMonitor,
  documentDigest,
  generateKeyPair,
  type KeyPair,
  type LogEvidenceOptions,
  logEvidence,
  toSigner,
} from '../src/index.js';
import { type Cast, Clock, cast, NOW } from './support.js';

const ORIGIN = 'log.example/stele';
/** In the middle of a second. */
const RETIRED = NOW + 60_500;
const read = { action: 'orders.read', resource: '/' };

let c: Cast;
let covenant: CovenantDocument;
let log: KeyPair;
let witnessKeys: KeyPair[];

beforeAll(async () => {
  c = await cast();
  covenant = await c.covenant('permit orders.read on **');
  log = await generateKeyPair();
  witnessKeys = [await generateKeyPair(), await generateKeyPair(), await generateKeyPair()];
});

const nameOf = (i: number) => `witness.example/${i}`;
const witnessKey = (i: number) =>
  formatVerifierKey(verifierKey(nameOf(i), (witnessKeys[i] as KeyPair).publicKey, 0x04));

const event = (digest = documentDigest(covenant)) => ({
  v: 1,
  kind: 'covenant.put',
  time: new Date(NOW).toISOString(),
  covenant: covenant.id,
  digest,
  seq: 0,
});

interface Made {
  readonly entry?: object;
  /** When each witness cosigned, in milliseconds; undefined for one that did not. */
  readonly seen?: readonly (number | undefined)[];
  readonly signer?: KeyPair;
  readonly origin?: string;
}

/** A proof of the first of two entries, under a checkpoint that real witnesses have cosigned. */
async function proved({ entry = event(), seen = [NOW], signer = log, origin = ORIGIN }: Made = {}) {
  const leaf = new TextEncoder().encode(canonicalizeJson(entry));
  const other = hashLeaf(new Uint8Array(3));
  const text = formatCheckpoint({ origin, size: 2, root: hashNode(hashLeaf(leaf), other) });
  const bare = await signNote(text, origin, toSigner(signer));
  const lines = await Promise.all(seen.map((ms, i) => (ms === undefined ? '' : cosigned(bare, i, ms))));
  return formatProof({ index: 0, hashes: [other], checkpoint: `${bare}${lines.join('')}`, extra: leaf });
}

/** What a witness answers that sees this log for the first time. */
async function cosigned(checkpoint: string, i: number, ms: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'stele-witness-'));
  try {
    const logs = [{ origin: ORIGIN, keys: [log.publicKey] }];
    const signer = witnessKeys[i] as KeyPair;
    const witness = await Witness.open(folder, { name: nameOf(i), signer, logs, clock: () => ms });
    const { status, body } = await witness.addCheckpoint(Buffer.from(`old 0\n\n${checkpoint}`));
    expect(status).toBe(200);
    return body;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a monitor says while the key that signed the covenant is retired. */
async function check(proof: string | undefined, changes: Partial<LogEvidenceOptions> = {}) {
  const evidence = logEvidence({
    proof: (digest) => (digest === documentDigest(covenant) ? proof : undefined),
    origin: ORIGIN,
    keys: [log.publicKey],
    witnesses: { keys: [witnessKey(0)], quorum: 1 },
    ...changes,
  });
  const clock = new Clock();
  clock.now = RETIRED + 1;
  const keyStatus = (key: string) =>
    key === c.owner.publicKeyHex ? ({ status: 'retired', since: new Date(RETIRED) } as const) : undefined;
  const monitor = await createMonitor({ covenant, clock: clock.read, keyStatus, evidence });
  return monitor.check(read);
}

const denied = { permitted: false, code: 'covenant_invalid', check: 'key_status' };

describe('evidence by a log', () => {
  it('counts what a witness saw in it before the key retired', async () => {
    expect(await check(undefined)).toMatchObject(denied);
    expect((await check(await proved())).code).toBe('permitted');
  });

  it('counts the whole second of a cosignature', async () => {
    expect((await check(await proved({ seen: [RETIRED - 501] }))).code).toBe('permitted');
    for (const seen of [RETIRED - 500, RETIRED - 1, RETIRED])
      expect(await check(await proved({ seen: [seen] }))).toMatchObject(denied);
  });

  it('takes as many witnesses as were asked for, by the last of them', async () => {
    const witnesses = { keys: [0, 1, 2].map(witnessKey), quorum: 2 };
    const early = NOW;
    const table: [readonly (number | undefined)[], boolean][] = [
      [[early, early, undefined], true],
      [[early, undefined, early], true],
      [[early, RETIRED, early], true],
      [[early, RETIRED, RETIRED], false],
      [[early, undefined, undefined], false],
    ];
    for (const [seen, counts] of table)
      expect([seen, (await check(await proved({ seen }), { witnesses })).permitted]).toEqual([seen, counts]);
  });

  it('does not take the time from the log itself, should its key stand among the witnesses', async () => {
    const [first, second] = witnessKeys;
    try {
      witnessKeys[2] = log;
      const witnesses = { keys: [witnessKey(0), witnessKey(1), witnessKey(2)], quorum: 2 };
      const proof = await proved({ seen: [NOW, RETIRED, NOW] });
      expect(await check(proof, { witnesses })).toMatchObject(denied);
    } finally {
      witnessKeys = [first, second, await generateKeyPair()] as KeyPair[];
    }
  });

  it('does not count what proves something else', async () => {
    const other = await c.covenant('permit ** on **');
    const stranger = await generateKeyPair();
    const good = await proved();
    const table: [string, string][] = [
      ['another covenant', await proved({ entry: event(documentDigest(other)) })],
      ['no digest', await proved({ entry: { v: 1, kind: 'covenant.put' } })],
      ['a digest elsewhere', await proved({ entry: { more: event() } })],
      ['a log of another key', await proved({ signer: stranger, seen: [] })],
      ['another log', await proved({ origin: 'log.example/other', seen: [] })],
      ['without a witness', await proved({ seen: [] })],
      ['by a witness that nobody named', await proved({ seen: [undefined, NOW] })],
      ['another place', good.replace('index 0', 'index 1')],
      [
        'an entry that was put in its place',
        good.replace(
          /^extra .*$/m,
          `extra ${Buffer.from(canonicalizeJson({ ...event(), seq: 1 })).toString('base64')}`,
        ),
      ],
      ['nothing that can be read', 'proof'],
    ];
    for (const [name, proof] of table)
      expect([name, await check(proof)]).toEqual([name, expect.objectContaining(denied)]);
  });

  it('is not given by the log’s own key as a witness', async () => {
    const own = formatVerifierKey(verifierKey(ORIGIN, log.publicKey, 0x04));
    expect(await check(await proved(), { witnesses: { keys: [own], quorum: 1 } })).toMatchObject(denied);
  });

  it('cannot be looked up: denied', async () => {
    const proof = () => Promise.reject(new Error('away'));
    expect(await check('', { proof })).toMatchObject({ ...denied, detail: expect.stringContaining('away') });
  });
});
