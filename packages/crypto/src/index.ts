/**
 * Ed25519 with one strict verification rule, canonical JSON, authenticated encryption, did:key and key rotation.
 * @module
 */
export {
  aeadOpen,
  aeadSeal,
  aes256GcmOpen,
  aes256GcmSeal,
  committingOpen,
  committingSeal,
  hkdfSha256,
} from './lib/aead.js';
export { constantTimeEqual, randomBytes } from './lib/bytes.js';
export { didFromPublicKey, isEd25519Did, publicKeyFromDid, verificationMethod } from './lib/did.js';
export {
  type Base58Options,
  fromBase58btc,
  fromBase64Url,
  fromHex,
  toBase58btc,
  toBase64Url,
  toHex,
} from './lib/encoding.js';
export { CryptoError, type CryptoErrorCode, type CryptoErrorOptions } from './lib/errors.js';
export { hmacSha256, sha256, sha256Bytes } from './lib/hash.js';
export { type CanonicalizeOptions, canonicalizeJson } from './lib/json/canonical.js';
export { parseJson } from './lib/json/parse.js';
export { snapshotJson } from './lib/json/snapshot.js';
export type { JsonArray, JsonLimits, JsonObject, JsonValue } from './lib/json/walk.js';
export { type KeyFile, type KeyFileOptions, openKeyFile, sealKeyFile } from './lib/key-file.js';
export { KeyManager } from './lib/key-manager.js';
export type {
  KeyDescription,
  KeyManagerOptions,
  KeyState,
  KeyVerification,
  RevokedKey,
  Rotation,
} from './lib/key-manager-types.js';
export {
  type KeyRing,
  KeyRingError,
  type KeyRingErrorCode,
  MAX_KEY_RING_BYTES,
  MemoryKeyRing,
  type StoredKeyRing,
} from './lib/key-ring.js';
export { describeKeyRing, type KeyRingDescription } from './lib/key-ring-description.js';
export { rawKeySealer } from './lib/key-ring-sealer.js';
export {
  cryptoProvider,
  generateKeyPair,
  type KeyPair,
  keyPairFromPrivateKey,
  sign,
  verify,
} from './lib/keys.js';
export { type PassphraseOptions, passphraseSealer, type Sealer } from './lib/sealer.js';
export { type KeyUse, type Signer, toSigner } from './lib/signer.js';
export type { AttemptContext, AttemptOptions } from './lib/signer-attempts.js';
export { signerFromCryptoKey } from './lib/signer-crypto-key.js';
export { type RemoteSignerOptions, remoteSigner } from './lib/signer-remote.js';
export { type SignedBytes, verifyMany } from './lib/verify-many.js';
