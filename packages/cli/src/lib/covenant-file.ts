import { type CovenantDocument, parseCovenant } from '@stele/sdk';
import type { Streams } from './cli.js';
import { CliError } from './errors.js';
import { messageOf, nameOf, readBytes } from './input.js';

/**
 * The covenant in a file, as it is: nothing of it is verified.
 * @throws CliError `not_json`, and as `readBytes`
 */
export async function readCovenant(path: string, streams: Streams): Promise<CovenantDocument> {
  const bytes = await readBytes(path, streams);
  try {
    return parseCovenant(bytes);
  } catch (error) {
    throw new CliError('not_json', `${nameOf(path)}: ${messageOf(error)}`);
  }
}
