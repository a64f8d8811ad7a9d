/**
 * Keys in AWS KMS: a signer whose private key never leaves it, a key pair that it decrypts, secrets under data keys.
 * Needs the optional peer `@aws-sdk/client-kms`.
 * @module
 */
export type { EncryptionContext, KmsClient, KmsOptions } from './lib/kms/client.js';
export { type KmsKeyPairOptions, kmsKeyPair } from './lib/kms/kms-key-pair.js';
export { type KmsSealerOptions, kmsSealer } from './lib/kms/kms-sealer.js';
export { type KmsSignerOptions, kmsSigner } from './lib/kms/kms-signer.js';
export { type KmsPlace, kmsClient, type OwnKmsClient } from './lib/kms/own-client.js';
