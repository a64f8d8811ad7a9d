/** The signatures are the public ones: they agree with the W3C's vectors and with an implementation by others. */
import { DataIntegrityProof } from '@digitalbazaar/data-integrity';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import { createSignCryptosuite, createVerifyCryptosuite } from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import {
  canonicalizeJson,
  fromBase58btc,
  generateKeyPair,
  keyPairFromPrivateKey,
  sha256,
  sign,
  toBase58btc,
  toHex,
} from '@stele/crypto';
import jsigs from 'jsonld-signatures';
import { describe, expect, it } from 'vitest';
import { haveVectors, vectorJson } from '../../../test/support/vectors.js';
import {
  buildCovenant,
  type CovenantDocument,
  countersignCovenant,
  type Proof,
  verifyCovenant,
} from '../src/index.js';
import { hashDocument, signingInput, verifyProof } from '../src/lib/proof.js';
import { NOW } from './support.js';

interface Vector {
  key_pair: { publicKeyMultibase: string; privateKeyMultibase: string };
  unsigned_document: object;
  canonical_document: string;
  document_hash_hex: string;
  proof_config: Proof;
  canonical_proof_config: string;
  proof_hash_hex: string;
  combined_hash_hex: string;
  signature_hex: string;
  signature_base58btc: string;
  signed_document: { proof: Proof };
}

describe.skipIf(!haveVectors)('the W3C vectors of eddsa-jcs-2022', () => {
  const vector = haveVectors ? vectorJson<Vector>('data-integrity/eddsa-jcs-2022.json') : ({} as Vector);

  it('every step comes out the same', async () => {
    expect(canonicalizeJson(vector.unsigned_document)).toBe(vector.canonical_document);
    expect(toHex(hashDocument(vector.unsigned_document))).toBe(vector.document_hash_hex);
    expect(sha256(canonicalizeJson(vector.proof_config))).toBe(vector.proof_hash_hex);
    const input = signingInput(vector.proof_config, hashDocument(vector.unsigned_document));
    expect(toHex(input)).toBe(vector.combined_hash_hex);
    // Two multicodec bytes, 0x8026, stand before the 32 bytes of the key.
    const seed = fromBase58btc(vector.key_pair.privateKeyMultibase.slice(1)).slice(2);
    const signature = await sign(input, (await keyPairFromPrivateKey(seed)).privateKey);
    expect(toHex(signature)).toBe(vector.signature_hex);
    expect(`z${toBase58btc(signature)}`).toBe(vector.signature_base58btc);
  });

  /** The vector names its key by a URL; ours are named by did:key, which the signature covers, so it is signed anew. */
  it('any change of the document or of a proof option is found', async () => {
    const keys = await generateKeyPair();
    const config = { ...vector.proof_config, verificationMethod: `${keys.did}#${keys.did.slice(8)}` };
    const hash = hashDocument(vector.unsigned_document);
    const proofValue = `z${toBase58btc(await sign(signingInput(config, hash), keys.privateKey))}`;
    const proof: Proof = { ...config, proofValue };
    expect(await verifyProof(proof, hash)).toBe(true);
    const changes = {
      created: '2023-02-24T23:36:39Z',
      proofPurpose: 'authentication',
      '@context': [],
      extra: 1,
    };
    for (const [name, value] of Object.entries(changes)) {
      expect([name, await verifyProof({ ...proof, [name]: value } as Proof, hash)]).toEqual([name, false]);
    }
    expect(await verifyProof(proof, hashDocument({ ...vector.unsigned_document, name: 'x' }))).toBe(false);
  });
});

describe('an implementation by others', () => {
  // It looks documents up while it verifies; a did:key says everything itself.
  const documentLoader = async (url: string) => {
    const [did = '', fragment] = url.split('#');
    const publicKeyMultibase = did.slice('did:key:'.length);
    const method = {
      id: `${did}#${publicKeyMultibase}`,
      type: 'Multikey',
      controller: did,
      publicKeyMultibase,
    };
    const controller = {
      '@context': 'https://www.w3.org/ns/did/v1',
      id: did,
      assertionMethod: [method.id],
      verificationMethod: [method],
    };
    const key = { '@context': 'https://w3id.org/security/multikey/v1', ...method };
    return { contextUrl: null, documentUrl: url, document: fragment === undefined ? controller : key };
  };
  const purpose = () => new jsigs.purposes.AssertionProofPurpose({ date: NOW });

  async function theirVerdicts(document: CovenantDocument): Promise<boolean[]> {
    const suite = new DataIntegrityProof({ cryptosuite: createVerifyCryptosuite() });
    const { results } = await jsigs.verify(document, { suite, purpose: purpose(), documentLoader });
    return results.map((result: { verified: boolean }) => result.verified);
  }

  it('verifies each signature made here, and refuses it after a change', async () => {
    const [owner, witness] = [await generateKeyPair(), await generateKeyPair()];
    const document = await countersignCovenant(
      await buildCovenant({
        beneficiary: { id: witness.did },
        constraints: 'permit a on /x',
        signer: owner,
        now: NOW,
      }),
      witness,
      { now: NOW },
    );
    expect(await theirVerdicts(document)).toEqual([true, true]);
    expect(await theirVerdicts({ ...document, constraints: 'permit ** on **' })).toEqual([false, false]);
  });

  it('makes a proof that verifies here', async () => {
    const owner = await generateKeyPair();
    const multibase = owner.did.slice('did:key:'.length);
    const secret = `z${toBase58btc(new Uint8Array([0x80, 0x26, ...owner.privateKey]))}`;
    const keyPair = await Ed25519Multikey.from({
      '@context': 'https://w3id.org/security/multikey/v1',
      type: 'Multikey',
      id: `${owner.did}#${multibase}`,
      controller: owner.did,
      publicKeyMultibase: multibase,
      secretKeyMultibase: secret,
    });
    const ours = await buildCovenant({
      beneficiary: { id: owner.did },
      constraints: '',
      signer: owner,
      now: NOW,
    });
    const { proof: _, ...unsigned } = ours;
    const suite = new DataIntegrityProof({
      signer: keyPair.signer(),
      cryptosuite: createSignCryptosuite(),
      date: NOW,
    });
    const proof = await suite.createProof({
      document: unsigned,
      purpose: purpose(),
      proofSet: [],
      documentLoader,
    });
    const theirs = { ...unsigned, proof: [proof as Proof] };
    expect((await verifyCovenant(theirs, { now: NOW })).valid).toBe(true);
    expect((await verifyCovenant({ ...theirs, constraints: 'permit ** on **' }, { now: NOW })).valid).toBe(
      false,
    );
  });
});
