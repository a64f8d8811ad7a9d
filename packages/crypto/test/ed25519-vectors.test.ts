/** The signature rule against every published vector file, on both providers. */
import { describe, expect, it } from 'vitest';
import { haveVectors, vectorJson, vectorLines } from '../../../test/support/vectors.js';
import { keyPairFromPrivateKey, sign, verify } from '../src/index.js';
import { bothVerify, bytes, hexOf, providers, text } from './support.js';

interface Signed {
  seed: string;
  publicKey: string;
  message: string;
  signature: string;
}

function rfc8032(): Signed[] {
  type Row = { priv: string; pub: string; msg: string; sig: string };
  return vectorJson<Row[]>('ed25519/rfc8032-section7.1.json').map((row) => ({
    seed: row.priv,
    publicKey: row.pub,
    message: row.msg,
    signature: row.sig,
  }));
}

function ref10(): Signed[] {
  type Row = { seed: string; public_key: string; message: string; signature: string };
  return vectorLines<Row>('ed25519/ref10-sign-input-sample.jsonl').map((row) => ({
    ...row,
    publicKey: row.public_key,
  }));
}

function flipped(value: Uint8Array, bit: number): Uint8Array {
  const copy = value.slice();
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
}

describe.skipIf(!haveVectors)('signing vectors', () => {
  for (const [source, rows] of [
    ['RFC 8032', haveVectors ? rfc8032() : []],
    ['ref10', haveVectors ? ref10() : []],
  ] as const) {
    it.each(providers)(`${source}: %s derives, signs and verifies exactly`, (_name, provider) => {
      expect(rows.length).toBeGreaterThan(5);
      for (const { seed, publicKey, message, signature } of rows) {
        expect(hexOf(provider.publicKeyOf(bytes(seed)))).toBe(publicKey);
        expect(hexOf(provider.sign(bytes(message), bytes(seed)))).toBe(signature);
        expect(provider.verify(bytes(message), bytes(signature), bytes(publicKey))).toBe(true);
      }
    });

    it(`${source}: the public functions give the same`, async () => {
      for (const { seed, publicKey, message, signature } of rows) {
        const pair = await keyPairFromPrivateKey(bytes(seed));
        expect(pair.publicKeyHex).toBe(publicKey);
        expect(hexOf(await sign(bytes(message), pair.privateKey))).toBe(signature);
        expect(await verify(bytes(message), bytes(signature), bytes(publicKey))).toBe(true);
      }
    });
  }

  it('RFC 8032: no flipped bit of message, signature or key verifies', () => {
    const row = rfc8032()[2] as Signed;
    const [message, signature, key] = [bytes(row.message), bytes(row.signature), bytes(row.publicKey)];
    for (let bit = 0; bit < message.length * 8; bit++) {
      expect(bothVerify(flipped(message, bit), signature, key)).toBe(false);
    }
    for (let bit = 0; bit < 512; bit += 3) {
      expect(bothVerify(message, flipped(signature, bit), key)).toBe(false);
    }
    for (let bit = 0; bit < 256; bit += 5) {
      expect(bothVerify(message, signature, flipped(key, bit))).toBe(false);
    }
  });
});

describe.skipIf(!haveVectors)('verification vectors', () => {
  it('Wycheproof: true exactly for the valid ones', async () => {
    type Test = { tcId: number; msg: string; sig: string; result: string };
    type Suite = { testGroups: { publicKey: { pk: string }; tests: Test[] }[] };
    const wrong: number[] = [];
    for (const group of vectorJson<Suite>('ed25519/ed25519_test.json').testGroups) {
      const key = bytes(group.publicKey.pk);
      for (const { tcId, msg, sig, result } of group.tests) {
        const expected = result === 'valid';
        if (bothVerify(bytes(msg), bytes(sig), key) !== expected) wrong.push(tcId);
        if ((await verify(bytes(msg), bytes(sig), key)) !== expected) wrong.push(tcId);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('speccheck: the row of libsodium', () => {
    type Suite = {
      cases: { message: string; pub_key: string; signature: string }[];
      by_rule: Record<string, boolean[]>;
      by_library: Record<string, boolean[]>;
    };
    const suite = vectorJson<Suite>('ed25519/speccheck-cases.json');
    const answers = suite.cases.map((c) =>
      bothVerify(bytes(c.message), bytes(c.signature), bytes(c.pub_key)),
    );
    expect(answers).toEqual(suite.by_rule.libsodium_or_dalek_strict);
    expect(answers).toEqual(suite.by_library.LibSodium);
  });

  it('ZIP 215: every row has points of small order, so none is accepted', () => {
    type Row = { message_hex: string; vk_bytes: string; sig_bytes: string };
    const rows = vectorJson<Row[]>('ed25519/zip215.json');
    const accepted = rows.filter((row) =>
      bothVerify(bytes(row.message_hex), bytes(row.sig_bytes), bytes(row.vk_bytes)),
    );
    expect(rows.length).toBeGreaterThan(100);
    expect(accepted).toEqual([]);
  });

  it('CCTV: refuses every low-order or non-canonical point and residue, accepts the rest', () => {
    const refused = ['non_canonical_A', 'non_canonical_R', 'low_order_A', 'low_order_R', 'low_order_residue'];
    type Row = { number: number; key: string; sig: string; msg: string; flags: string[] | null };
    const wrong: number[] = [];
    let accepted = 0;
    for (const { number, key, sig, msg, flags } of vectorJson<Row[]>('ed25519/cctv-ed25519vectors.json')) {
      const expected = !(flags ?? []).some((flag) => refused.includes(flag));
      const answer = bothVerify(text(msg), bytes(sig), bytes(key));
      if (answer) accepted += 1;
      if (answer !== expected) wrong.push(number);
    }
    expect(wrong).toEqual([]);
    expect(accepted).toBeGreaterThan(0);
  });
});
