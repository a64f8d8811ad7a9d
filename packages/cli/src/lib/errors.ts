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
  /** Others than its owner may read a key file. */
  | 'key_exposed'
  | 'key_malformed'
  | 'map_invalid'
  | 'malformed_line';

/** Usage or bad input: the run ends with exit code 2. */
export class CliError extends SteleError<CliErrorCode> {
  /** @param hint how to mend it */
  constructor(code: CliErrorCode, message: string, hint?: string) {
    super(code, message, { hint });
  }
}
