/** Covenants of a host that are not in the store, handed in as files. */
import { type CovenantDocument, covenantId } from '@stele/core';
import { parseCovenant } from '@stele/sdk';
import type { Command } from 'commander';
import type { Streams } from '../cli.js';
import { CliError } from '../errors.js';
import { messageOf, nameOf, readBytes } from '../input.js';
import { many } from '../verify-flags.js';

export interface CovenantFlags {
  readonly covenant?: string[];
  readonly trust?: string[];
}

export function addCovenantOptions(command: Command): Command {
  return command
    .addOption(many('--covenant <file>', 'a governing covenant that is not in the store; repeatable'))
    .addOption(many('--trust <did>', 'a did:key that the covenants must be rooted in; repeatable'));
}

/** The covenants of these files by their ids. @throws CliError `not_json`, and as `readBytes` */
export async function givenCovenants(
  { covenant = [] }: CovenantFlags,
  streams: Streams,
): Promise<Map<string, CovenantDocument>> {
  const found = new Map<string, CovenantDocument>();
  for (const path of covenant) {
    const bytes = await readBytes(path, streams);
    try {
      const document = parseCovenant(bytes);
      found.set(covenantId(document), document);
    } catch (error) {
      throw new CliError('not_json', `${nameOf(path)}: ${messageOf(error)}`, 'name the file of a covenant');
    }
  }
  return found;
}
