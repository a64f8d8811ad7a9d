/**
 * Data Integrity proofs, cryptosuite eddsa-jcs-2022 (W3C VC-DI-EDDSA 1.0, section 3.3): the signed bytes are
 * SHA-256 of the canonical proof without its value, followed by SHA-256 of the canonical document without its proof.
 */
import {
  canonicalizeJson,
  fromBase58btc,
  type KeyPair,
  type KeyUse,
  publicKeyFromDid,
  type Signer,
  sha256Bytes,
  toBase58btc,
  toSigner,
  verify,
} from '@stele/crypto';
import { CovenantError } from '../errors.js';
import type { Proof } from '../types.js';

const SIGNATURE_BYTES = 64;

/** SHA-256 of the canonical form of a document, its proof left out. */
export function hashDocument(document: object): Uint8Array {
  return sha256Bytes(canonicalizeJson(document, { omit: ['proof'] }));
}

/** The 64 bytes that a proof signs. */
export function signingInput(proof: object, documentHash: Uint8Array): Uint8Array {
  const input = new Uint8Array(64);
  input.set(sha256Bytes(canonicalizeJson(proof, { omit: ['proofValue'] })), 0);
  input.set(documentHash, 32);
  return input;
}

/** True when a proof of sound structure was made by the key that it names, over the document of this hash. Never throws. */
export async function verifyProof(proof: Proof, documentHash: Uint8Array): Promise<boolean> {
  try {
    const signature = fromBase58btc(proof.proofValue.slice(1));
    if (signature.length !== SIGNATURE_BYTES) return false;
    return await verify(signingInput(proof, documentHash), signature, publicKeyFromDid(signerOf(proof)));
  } catch {
    return false;
  }
}

/** The did:key that a proof names as its maker. */
export function signerOf(proof: Proof): string {
  return proof.verificationMethod.slice(0, proof.verificationMethod.indexOf('#'));
}

/**
 * Makes a proof. A signature from anywhere but a local key is verified before it is used, so that a faulty signer is
 * found here and not by whoever relies on the document.
 * @param use what the key must be for, where the signer is bound to a use
 * @throws CovenantError `signing_failed`
 * @throws CryptoError `key_use_wrong`
 */
export async function makeProof(
  unsecured: object,
  signer: KeyPair | Signer,
  created: string,
  use?: KeyUse,
): Promise<Proof> {
  const key = toSigner(signer, use);
  const config = {
    type: 'DataIntegrityProof',
    cryptosuite: 'eddsa-jcs-2022',
    created,
    verificationMethod: key.keyId,
    proofPurpose: 'assertionMethod',
  } as const;
  const input = signingInput(config, hashDocument(unsecured));
  if (key.maxBytes !== undefined && key.maxBytes < input.length) {
    throw new CovenantError(
      'signing_failed',
      `the signer takes at most ${key.maxBytes} bytes, a proof needs ${input.length}`,
    );
  }
  const signature = await signed(key, input);
  if (!('privateKey' in signer) && !(await verify(input, signature, key.publicKey))) {
    throw new CovenantError(
      'signing_failed',
      'the signer returned a signature that does not verify under its own key',
    );
  }
  return { ...config, proofValue: `z${toBase58btc(signature)}` };
}

async function signed(signer: Signer, input: Uint8Array): Promise<Uint8Array> {
  try {
    return await signer.sign(input);
  } catch (cause) {
    throw new CovenantError('signing_failed', 'the signer did not sign', { cause });
  }
}
