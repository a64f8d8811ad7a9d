import { SteleError } from '@stele/types/errors';
import { toolDigest } from '../tool-digest.js';
import { listedTools } from './governed.js';
import { type ContractChoice, contractOf } from './tool-contract.js';

/**
 * The digests of tools as agents are shown them now, for `metadata.tools` of a covenant: a list of tools that carry their names, or
 * an object with the tools under their names.
 * @throws SteleError `tool_contract_unknown` naming a tool of which that cannot be told, `tool_unusable` for one that is there twice;
 *   CryptoError for a schema that is no plain JSON; TypeError as `ungoverned`
 */
export async function pinTools(
  tools: Readonly<Record<string, unknown>> | readonly unknown[],
  choices: { readonly contract?: ContractChoice } = {},
): Promise<Record<string, string>> {
  const pins = new Map<string, string>();
  for (const [name, tool] of listedTools(tools)) {
    if (pins.has(name)) throw new SteleError('tool_unusable', `the tool ${JSON.stringify(name)} is there twice`);
    const contract = await contractOf(name, choices, tool).catch((error: unknown) => {
      if (!(error instanceof SteleError)) throw error;
      throw new SteleError(error.code, `the tool ${JSON.stringify(name)}: ${error.message}`);
    });
    pins.set(name, toolDigest(contract));
  }
  return Object.fromEntries([...pins].sort(([a], [b]) => (a < b ? -1 : 1)));
}
