/**
 * What only Node.js can do: key files and key rings on the disk, and private keys of node:crypto.
 * @module
 */

export { readKeyFile, type WriteKeyFileOptions, writeKeyFile } from './lib/key-file-disk.js';
export { FileKeyRing } from './lib/key-ring-file.js';
export { signerFromKeyObject } from './lib/signer-key-object.js';
