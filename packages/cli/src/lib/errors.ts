import { SteleError } from '@stele/types/errors';

export type CliErrorCode =
  /** The command line itself is wrong. */
  | 'usage'
  | 'file_unreadable'
  | 'file_unwritable'
  /** A file would be overwritten. */
  | 'file_exists'
  | 'too_large'
  | 'not_utf8'
  | 'not_json'
  /** A JSON file that holds no constraints. */
  | 'not_rules'
  /** No table of tests was found. */
  | 'no_tests'
  /** Others than its owner may read a key file or a key ring. */
  | 'key_exposed'
  | 'key_malformed'
  /** A key that the ring does not have. */
  | 'key_unknown'
  | 'ring_missing'
  | 'ring_exists'
  | 'store_missing'
  /** A store is encrypted and no key was given, or it is not and one was. */
  | 'store_encrypted'
  | 'store_not_encrypted'
  /** An encryption key that is none. */
  | 'encryption_key_malformed'
  /** Others than its owner may read an encryption key. */
  | 'encryption_key_exposed'
  /** An encrypted store does not open with this key. */
  | 'encryption_key_wrong'
  /** AWS KMS does not open or make the keys of an encrypted store. */
  | 'encryption_key_unavailable'
  /** A passphrase is needed, and there is neither a terminal nor an option that says where it is. */
  | 'passphrase_missing'
  /** Others than its owner may read a passphrase file. */
  | 'passphrase_exposed'
  /** Empty, too long, no UTF-8, or entered differently the second time. */
  | 'passphrase_unusable'
  /** The person at the terminal gave up. */
  | 'interrupted'
  /** A revocation list that is none, or whose signature does not verify. */
  | 'list_invalid'
  /** What is to go onto a revocation list is no genuine revocation. */
  | 'revocation_invalid'
  /** The number of a revocation list is not higher than that of the one before. */
  | 'list_number_used'
  /** A log without a checkpoint. */
  | 'log_unsigned'
  /** A log that was followed is shorter than before, or another one. */
  | 'log_replaced'
  /** There is no request for approval under this id. */
  | 'approval_unknown'
  /** Something that cannot be undone was not confirmed. */
  | 'not_confirmed'
  | 'map_invalid'
  /** A file of pins that holds something else than digests. */
  | 'pins_invalid'
  /** A tool that cannot be pinned: no plain JSON, or offered twice. */
  | 'tool_unusable'
  /** A file or a module that holds no tools, or does not load. */
  | 'tools_unreadable'
  /** A package that this command needs is not installed, or is another version. */
  | 'peer_missing'
  /** An MCP server cannot be started or asked. */
  | 'upstream_failed'
  /** Covenants that do not hold: nothing would be permitted. */
  | 'covenant_invalid'
  | 'malformed_line';

/** Usage or bad input: the run ends with exit code 2. */
export class CliError extends SteleError<CliErrorCode> {
  /** @param hint how to mend it */
  constructor(code: CliErrorCode, message: string, hint?: string) {
    super(code, message, { hint });
  }
}
