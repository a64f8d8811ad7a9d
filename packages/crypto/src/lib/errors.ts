import { SteleError, type SteleErrorOptions } from '@stele/types/errors';

/** Every code that a {@link CryptoError} can carry. */
export type CryptoErrorCode =
  /** The value or text is not I-JSON (RFC 7493); `path` or `line` and `column` say where. */
  | 'not_json'
  /** The input or the result is larger than the limit in force. */
  | 'too_large'
  /** The value or text is nested deeper than the limit in force. */
  | 'too_deep'
  /** A string holds a lone surrogate and so has no UTF-8 form. */
  | 'lone_surrogate'
  /** Text is not the one canonical spelling of bytes in hex, base64url or base58btc. */
  | 'encoding_malformed'
  /** Not a `did:key` of an Ed25519 key in its one canonical spelling. */
  | 'did_malformed'
  /** Sealed bytes could not be opened; deliberately nothing more is said. */
  | 'decryption_failed'
  /** A public key is not 64 lower-case hex characters. */
  | 'key_malformed'
  /** The key manager was used before `initialize()`. */
  | 'key_manager_uninitialized'
  /** The keys were rotated, but the `onRotation` hook failed; `cause` is its error. */
  | 'rotation_hook_failed'
  /** The key to sign with was revoked. */
  | 'key_revoked'
  /** The key to sign with was retired. */
  | 'key_retired'
  /** The revocation list is full. */
  | 'revocation_list_full'
  /** A signer gave back something else than 64 bytes. */
  | 'signature_malformed'
  /** A key service did not answer in time, or refused; `cause` is its last error. */
  | 'signer_unavailable'
  /** A key service answered, but not with what was asked: a signature by its key over the message, or a key. */
  | 'signer_answer_wrong'
  /** The key is bound to another use. */
  | 'key_use_wrong'
  /** A key file could not be opened: another passphrase, or a file cut or changed; nothing more is said. */
  | 'key_file_unreadable'
  /** A key file could not be read from or written to the disk; `cause` is the system's error. */
  | 'key_file_unavailable';

/** Where in a value or text the fault lies. */
export interface CryptoErrorOptions extends SteleErrorOptions {
  /** Path in a value, like `$.items[3]["a b"]`. */
  path?: string;
  /** Line in a text, from 1. */
  line?: number;
  /** Column in that line, in UTF-16 units from 1. */
  column?: number;
}

/** What @stele/crypto throws for input that it refuses. Test `code`, never the message. */
export class CryptoError extends SteleError<CryptoErrorCode> {
  readonly path?: string;
  readonly line?: number;
  readonly column?: number;

  constructor(code: CryptoErrorCode, message: string, options: CryptoErrorOptions = {}) {
    super(code, message, options);
    if (options.path !== undefined) this.path = options.path;
    if (options.line !== undefined) this.line = options.line;
    if (options.column !== undefined) this.column = options.column;
  }
}
