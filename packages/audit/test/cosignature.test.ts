/** Cosignatures of witnesses, and how they are counted. */
import { generateKeyPair, type KeyPair, sign, verify } from '@stele/crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { cosignatureBytes, cosignedMessage, readCosignature } from '../src/lib/cosignature.js';
import {
  addSignatures,
  COSIGNATURE,
  formatSignature,
  formatVerifierKey,
  openNote,
  parseNote,
  verifierKey,
} from '../src/lib/note.js';
import { verifyQuorum } from '../src/lib/quorum.js';
import { cosign, NumberedLog } from './support/logs.js';
import { refusedAs } from './support/refusals.js';

let log: NumberedLog;
let note: string;
let pairs: KeyPair[];
const NAMES = ['w1.example', 'w2.example', 'w3.example'];

beforeAll(async () => {
  log = await NumberedLog.make();
  note = await log.checkpoint(10);
  pairs = await Promise.all(NAMES.map(() => generateKeyPair()));
});

const pairOf = (i: number) => pairs[i] as KeyPair;
const nameOf = (i: number) => NAMES[i] as string;
const keyOf = (i: number) => verifierKey(nameOf(i), pairOf(i).publicKey, COSIGNATURE);
const vkeyOf = (i: number) => formatVerifierKey(keyOf(i));
/** The note with cosignatures of some of the witnesses. */
async function cosignedBy(...witnesses: number[]): Promise<string> {
  const lines = await Promise.all(witnesses.map((i) => cosign(note, nameOf(i), pairOf(i))));
  return addSignatures(note, lines);
}

describe('a cosignature', () => {
  it('is over two lines of its own and the text of the checkpoint', () => {
    const text = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
    // The example of the specification.
    expect(Buffer.from(cosignedMessage(text, 1_679_315_147)).toString()).toBe(
      `cosignature/v1\ntime 1679315147\n${text}`,
    );
    const line = Buffer.from(
      'jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==',
      'base64',
    );
    const { time, signature, message } = readCosignature(line.subarray(4), text);
    expect([time, signature.length]).toEqual([1_679_315_147, 64]);
    expect(message).toEqual(cosignedMessage(text, 1_679_315_147));
    expect(cosignatureBytes(time, signature)).toEqual(new Uint8Array(line.subarray(4)));
  });

  it('opens with its time', async () => {
    const { verified, unverified } = await openNote(await cosignedBy(0), [log.key, keyOf(0), keyOf(1)]);
    expect(verified.map(({ name, time }) => [name, time])).toEqual([
      [log.origin, undefined],
      [nameOf(0), 1_700_000_000],
    ]);
    expect(unverified).toEqual([]);
  });

  it('that comes twice counts as the first of them', async () => {
    const [one, two] = await Promise.all([5, 6].map((time) => cosign(note, nameOf(0), pairOf(0), time)));
    const { verified } = await openNote(addSignatures(note, [one as string, two as string]), [keyOf(0)]);
    expect(verified.map(({ time, line }) => [time, line])).toEqual([[5, one]]);
  });

  it('of another time, text or length is none', async () => {
    const good = await cosign(note, nameOf(0), pairOf(0), 5);
    const { signature } = parseNote(addSignatures(note, [good])).signatures[1] as { signature: Uint8Array };
    const later = cosignatureBytes(6, signature.subarray(8));
    const other = await cosign(await log.checkpoint(11), nameOf(0), pairOf(0), 5);
    const bare = await sign(Buffer.from(parseNote(note).text), pairOf(0).privateKey);
    const bad = [
      formatSignature(keyOf(0), later),
      other,
      formatSignature(keyOf(0), signature.subarray(0, 71)),
      formatSignature(keyOf(0), new Uint8Array([...signature, 0])),
      formatSignature(keyOf(0), signature.subarray(0, 8)),
      formatSignature(keyOf(0), signature.subarray(0, 1)),
      // A plain signature of the text in place of a cosignature.
      formatSignature(keyOf(0), bare),
      formatSignature(keyOf(0), cosignatureBytes(5, bare)),
      formatSignature(keyOf(0), new Uint8Array(72).fill(0xff)),
    ];
    for (const line of bad) {
      await refusedAs('note_unsigned', () => openNote(addSignatures(note, [line]), [keyOf(0)]));
    }
    expect((await openNote(addSignatures(note, [good]), [keyOf(0)])).verified).toHaveLength(1);
  });

  it('cannot be taken for a signature of the log, nor the other way', async () => {
    const asLog = verifierKey(nameOf(0), pairOf(0).publicKey);
    const cosigned = await cosignedBy(0);
    await refusedAs('note_unsigned', () => openNote(cosigned, [asLog]));
    const [, { signature } = { signature: new Uint8Array() }] = parseNote(cosigned).signatures;
    const claimed = addSignatures(note, [formatSignature(asLog, signature.subarray(8))]);
    await refusedAs('note_unsigned', () => openNote(claimed, [asLog]));
    expect(await verify(Buffer.from(parseNote(note).text), signature.subarray(8), pairOf(0).publicKey)).toBe(
      false,
    );
  });
});

describe('a quorum', () => {
  it('is met by as many different witnesses', async () => {
    const two = await cosignedBy(0, 2);
    const keys = [0, 1, 2].map(vkeyOf);
    for (const quorum of [1, 2]) {
      const cosignatures = await verifyQuorum(two, { keys, quorum });
      expect(cosignatures.map(({ name }) => name)).toEqual([nameOf(0), nameOf(2)]);
    }
    await refusedAs('witnesses_missing', () => verifyQuorum(two, { keys, quorum: 3 }));
    expect(await verifyQuorum(await cosignedBy(0, 1, 2), { keys, quorum: 3 })).toHaveLength(3);
    expect(
      (await refusedAs('witnesses_missing', () => verifyQuorum(note, { keys, quorum: 1 }))).message,
    ).toBe('0 of the 1 witnesses that must sign have signed');
  });

  it('counts a key once, whatever it signs and however it is called', async () => {
    const twice = addSignatures(await cosignedBy(0), [
      await cosign(note, nameOf(0), pairOf(0), 1),
      await cosign(note, 'alias.example', pairOf(0)),
    ]);
    const alias = formatVerifierKey(verifierKey('alias.example', pairOf(0).publicKey, COSIGNATURE));
    for (const keys of [
      [vkeyOf(0), vkeyOf(1)],
      [vkeyOf(0), alias, vkeyOf(1)],
      [pairOf(0).publicKeyHex, vkeyOf(0), vkeyOf(1)],
    ]) {
      expect(await verifyQuorum(twice, { keys, quorum: 1 })).toHaveLength(1);
      await refusedAs('witnesses_missing', () => verifyQuorum(twice, { keys, quorum: 2 }));
    }
    await expect(verifyQuorum(twice, { keys: [vkeyOf(0), alias], quorum: 2 })).rejects.toThrow(RangeError);
  });

  it('finds a bare key under whatever name it has signed', async () => {
    const cosigned = await cosignedBy(0, 1);
    const forms = [pairOf(0).publicKey, pairOf(0).publicKeyHex, pairOf(0).did, pairOf(0)];
    for (const key of forms) expect(await verifyQuorum(cosigned, { keys: [key], quorum: 1 })).toHaveLength(1);
    await refusedAs('witnesses_missing', () =>
      verifyQuorum(cosigned, { keys: [pairOf(2).publicKey], quorum: 1 }),
    );
    // A named one is found under its name alone.
    const elsewhere = formatVerifierKey(verifierKey('elsewhere.example', pairOf(0).publicKey, COSIGNATURE));
    await refusedAs('witnesses_missing', () => verifyQuorum(cosigned, { keys: [elsewhere], quorum: 1 }));
  });

  it('does not count the log itself', async () => {
    const cosigned = addSignatures(await cosignedBy(0), [await cosign(note, 'w.example', log.pair)]);
    const own = formatVerifierKey(verifierKey('w.example', log.pair.publicKey, COSIGNATURE));
    const keys = [vkeyOf(0), vkeyOf(1), own];
    expect(await verifyQuorum(cosigned, { keys, quorum: 2 })).toHaveLength(2);
    await refusedAs('witnesses_missing', () =>
      verifyQuorum(cosigned, { keys, quorum: 2 }, [log.pair.publicKey]),
    );
    // Its signature of the checkpoint is no cosignature.
    await refusedAs('witnesses_missing', () => verifyQuorum(note, { keys: [log.pair.publicKey], quorum: 1 }));
  });

  it('is not met by a signature that is not of its key', async () => {
    const forged = addSignatures(await cosignedBy(0), [
      formatSignature(keyOf(1), cosignatureBytes(1, new Uint8Array(64).fill(1))),
    ]);
    for (const quorum of [1, 2]) {
      await refusedAs('note_unsigned', () => verifyQuorum(forged, { keys: [vkeyOf(0), vkeyOf(1)], quorum }));
    }
    // Of a witness that nobody asked for it is one of many lines.
    expect(await verifyQuorum(forged, { keys: [vkeyOf(0)], quorum: 1 })).toHaveLength(1);
  });

  it('is a number that could be met, of keys of witnesses', async () => {
    const keys = [vkeyOf(0), vkeyOf(1)];
    for (const quorum of [0, -1, 0.5, 3, Number.NaN]) {
      await expect(verifyQuorum(note, { keys, quorum }), `${quorum}`).rejects.toThrow(RangeError);
    }
    await expect(verifyQuorum(note, { keys: [], quorum: 1 })).rejects.toThrow(RangeError);
    await refusedAs('note_malformed', () =>
      verifyQuorum(note, { keys: [formatVerifierKey(log.key)], quorum: 1 }),
    );
    await refusedAs('note_malformed', () => verifyQuorum(note, { keys: ['a+b+c'], quorum: 1 }));
    await refusedAs('note_malformed', () => verifyQuorum('x', { keys, quorum: 1 }));
  });
});
