import { toSigner } from '@stele/crypto';
import { describe, expect, it } from 'vitest';
import { AuditError } from '../src/errors.js';
import { addSignatures, keyHash, parseNote, signNote } from '../src/lib/note.js';
import { OwnEntries } from '../src/lib/own-entries.js';
import { verifyLog } from '../src/verify-log.js';
import { cosign } from './support/logs.js';
import {
  cosignerKey,
  keyOf,
  leaf,
  leaves,
  madeLog,
  ORIGIN,
  readerOf,
  signed,
  vkey,
} from './support/made-log.js';

const [own, witness, old] = await Promise.all([keyOf(1), keyOf(3), keyOf(5)]);
const keys = [vkey(own)];
const files = await madeLog(leaves(700), own);

describe('the options of a verification', () => {
  const options: [string, Record<string, unknown>, unknown][] = [
    ['no keys', {}, TypeError],
    ['no key', { keys: [] }, RangeError],
    ['keys that are no list', { keys: '' }, TypeError],
    ['too many keys', { keys: Array(1_001).fill(vkey(own)) }, RangeError],
    ['a key that is none', { keys: ['hello'] }, AuditError],
    ['a key that is nothing', { keys: [null] }, TypeError],
    ['the key of a witness', { keys: [cosignerKey(witness, ORIGIN)] }, RangeError],
    ['an origin that is none', { keys, origin: 'a b' }, RangeError],
    ['witnesses without keys', { keys, witnesses: {} }, TypeError],
    ['no witness', { keys, witnesses: { keys: [] } }, RangeError],
    ['a witness that is a log', { keys, witnesses: { keys: [vkey(witness)] } }, RangeError],
    ['a quorum of none', { keys, witnesses: { keys: [cosignerKey(witness, 'w')], quorum: 0 } }, RangeError],
    [
      'a quorum that cannot be reached',
      { keys, witnesses: { keys: [cosignerKey(witness, 'w'), cosignerKey(witness, 'v')], quorum: 2 } },
      RangeError,
    ],
    ['a quorum of the log itself', { keys, witnesses: { keys: [cosignerKey(own, 'w')] } }, RangeError],
    ['half a quorum', { keys, witnesses: { keys: [cosignerKey(witness, 'w')], quorum: 0.5 } }, RangeError],
    ['a checkpoint that is none', { keys, since: 7 }, TypeError],
    ['checkpoints of which one is none', { keys, since: ['', null] }, TypeError],
    ['too many checkpoints', { keys, since: Array(1_001).fill('') }, RangeError],
  ];
  it.each(options)('cannot be %s', async (_, given, mistake) => {
    const untouched = { ...readerOf(files), checkpoint: () => Promise.reject(new Error('was read')) };
    await expect(verifyLog(untouched, given as never)).rejects.toThrow(mistake as never);
  });

  it.each([[null], [7], [undefined]])('cannot be of the log %j', async (log) => {
    await expect(verifyLog(log as never, { keys })).rejects.toThrow(
      new TypeError('a log is an AuditLog, a reader or the path of a folder'),
    );
  });

  it('may be a thousand checkpoints', async () => {
    const since = Array(1_000).fill(await signed(leaves(300), own));
    expect(await verifyLog(readerOf(files), { keys, since })).toMatchObject({
      valid: true,
      checked: { since: 1_000 },
    });
  });

  it('may be a thousand keys', async () => {
    expect(await verifyLog(readerOf(files), { keys: Array(1_000).fill(vkey(own)) })).toMatchObject({
      valid: true,
    });
  });

  it('may be witnesses in each form of a key', async () => {
    const checkpoint = Buffer.from(files.get('checkpoint') as Uint8Array).toString();
    const cosigned = addSignatures(checkpoint, [await cosign(checkpoint, 'w', witness)]);
    const reader = readerOf(new Map(files).set('checkpoint', Buffer.from(cosigned)));
    const hex = Buffer.from(witness.publicKey).toString('hex');
    for (const key of [cosignerKey(witness, 'w'), hex, witness.publicKey, witness]) {
      expect(await verifyLog(reader, { keys, witnesses: { keys: [key] } })).toMatchObject({ valid: true });
    }
  });

  it('may be a checkpoint in bytes', async () => {
    const since = Buffer.from(await signed(leaves(300), own));
    expect(await verifyLog(readerOf(files), { keys, since })).toMatchObject({
      valid: true,
      checked: { since: 1 },
    });
    expect(await verifyLog(readerOf(files), { keys, since: 'none' })).toMatchObject({
      problem: { code: 'checkpoint_malformed' },
    });
    expect(await verifyLog(readerOf(files), { keys, since: ['a', 'b'] })).toMatchObject({
      problem: { message: expect.stringContaining('checkpoint 1 of') },
    });
  });
});

describe('the keys of a log', () => {
  it('may be told twice, by two processes that were given the new one at the same time', async () => {
    const turn = { kind: 'log.key', key: vkey(witness), previous: vkey(own) };
    const told = leaves(20).with(4, leaf(4, turn)).with(6, leaf(6, turn));
    const both = [vkey(own), vkey(witness)];
    expect(await verifyLog(readerOf(await madeLog(told, witness)), { keys: both })).toMatchObject({
      valid: true,
    });
    expect(await verifyLog(readerOf(await madeLog(told, own)), { keys: both })).toMatchObject({
      problem: { code: 'key_retired' },
    });
  });

  it('are those of its own name, whatever others have signed', async () => {
    const { text } = parseNote(files.get('checkpoint') as Uint8Array);
    const foreign = await signNote(text, 'other.example', toSigner(own));
    const reader = readerOf(new Map(files).set('checkpoint', Buffer.from(foreign)));
    expect(await verifyLog(reader, { keys: [vkey(own, 'other.example')] })).toMatchObject({
      problem: { code: 'checkpoint_unsigned' },
    });
  });

  it('that cannot be told apart under the name of a checkpoint are believed none', async () => {
    const twins = twinsUnder(ORIGIN);
    expect(await verifyLog(readerOf(files), { keys: [own, ...twins] })).toMatchObject({
      valid: false,
      problem: { code: 'checkpoint_unsigned' },
    });
  });

  it('are none of its witnesses, whichever of them has signed', async () => {
    const checkpoint = Buffer.from(files.get('checkpoint') as Uint8Array).toString();
    const cosigned = addSignatures(checkpoint, [await cosign(checkpoint, 'old.example', old)]);
    const reader = readerOf(new Map(files).set('checkpoint', Buffer.from(cosigned)));
    const witnesses = { keys: [cosignerKey(old, 'old.example'), cosignerKey(witness, 'w')], quorum: 1 };
    expect(await verifyLog(reader, { keys: [own], witnesses })).toMatchObject({ valid: true });
    expect(await verifyLog(reader, { keys: [own, old], witnesses })).toMatchObject({
      valid: false,
      problem: { code: 'witnesses_missing' },
    });
  });

  it('are bounded in number', () => {
    const entries = new OwnEntries([]);
    const turn = (seq: number, key: string, previous: string) =>
      entries.see({ v: 1, kind: 'log.key', time: '2026-01-02T03:04:05Z', seq, key, previous });
    const names = Array.from({ length: 10_002 }, (_, i) =>
      vkey({ publicKey: new Uint8Array(Buffer.from(i.toString(16).padStart(64, '0'), 'hex')) } as never),
    );
    for (let i = 1; i <= 10_000; i++) expect(turn(i, names[i] as string, names[i - 1] as string)).toBe(true);
    expect(() => turn(10_001, names[10_001] as string, names[10_000] as string)).toThrow(
      expect.objectContaining({ code: 'audit_log_corrupt' }),
    );
  });
});

/** Two keys whose hashes are the same under a name: four bytes are found again among some hundred thousand. */
function twinsUnder(name: string): Uint8Array[] {
  const seen = new Map<string, Uint8Array>();
  for (let i = 1; ; i++) {
    const key = new Uint8Array(32);
    new DataView(key.buffer).setUint32(0, i);
    const id = keyHash(name, key);
    const twin = seen.get(id);
    if (twin !== undefined) return [twin, key];
    seen.set(id, key);
  }
}
