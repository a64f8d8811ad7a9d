import { hkdfSha256, hmacSha256, toBase64Url } from '@stele/crypto';
import type { RecordKind } from '../record-backend.js';
import { remembering } from './remembering.js';

const TOKEN_BYTES = 16;
const FIELD = /^([A-Za-z0-9_.-]{1,32}):/;
/** Fields whose keys are kept; there are no more in the stores of this package. */
const MAX_FIELDS = 16;
const encoder = new TextEncoder();

/**
 * Blind index tokens: HMAC-SHA256 of kind and clear token, the first 16 bytes in base64url, under a key for each field
 * that is derived from the key of the records and from the store. The field is what stands before the colon of a clear
 * token. Without the key a token says only which records have the same one.
 */
export class BlindIndex {
  readonly #key: Uint8Array;
  readonly #storeId: string;
  readonly #fields = new Map<string, Uint8Array>();

  constructor(key: Uint8Array, storeId: string) {
    this.#key = key;
    this.#storeId = storeId;
  }

  token(kind: RecordKind, clear: string): string {
    return this.#blind(`${kind}\n${clear}`);
  }

  readonly #blind = remembering((text) => {
    const field = FIELD.exec(text.slice(text.indexOf('\n') + 1))?.[1] ?? '';
    return toBase64Url(hmacSha256(this.#fieldKey(field), encoder.encode(text)).subarray(0, TOKEN_BYTES));
  });

  #fieldKey(field: string): Uint8Array {
    const known = this.#fields.get(field);
    if (known !== undefined) return known;
    const info = encoder.encode(`stele-store/2 index ${field}`);
    const key = hkdfSha256(this.#key, encoder.encode(this.#storeId), info, 32);
    if (this.#fields.size < MAX_FIELDS) this.#fields.set(field, key);
    return key;
  }
}
