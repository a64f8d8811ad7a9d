import { covenantId, isCovenantId } from '@stele/core';
import { parseCovenant } from '@stele/sdk';
import type { Streams } from './cli.js';
import { CliError } from './errors.js';
import { messageOf, nameOf, readBytes } from './input.js';

/**
 * The id of a covenant that is named by its id or by its file.
 * @throws CliError `not_json`, also where the file claims another id than its own, and as `readBytes`
 */
export async function namedCovenant(named: string, streams: Streams): Promise<string> {
  if (isCovenantId(named)) return named;
  const refuse = (why: string) =>
    new CliError('not_json', `${nameOf(named)}: ${why}`, 'name a covenant, by its id or its file');
  const bytes = await readBytes(named, streams);
  const document = attempt(() => parseCovenant(bytes), refuse);
  if (attempt(() => covenantId(document), refuse) === document.id) return document.id;
  throw refuse('it has not the id that it claims');
}

function attempt<T>(read: () => T, refuse: (why: string) => CliError): T {
  try {
    return read();
  } catch (error) {
    throw refuse(messageOf(error));
  }
}
