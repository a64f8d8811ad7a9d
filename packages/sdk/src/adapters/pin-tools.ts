import { SteleError } from '@stele/types/errors';
import { type ToolContract, toolDigest } from '../tool-digest.js';
import { listedTools } from './governed.js';
import { type ContractChoice, contractOf } from './tool-contract.js';

/** A list of tools that carry their names, or an object with the tools under their names. */
type Tools = Readonly<Record<string, unknown>> | readonly unknown[];

interface Choices {
  readonly contract?: ContractChoice;
}

/**
 * What agents are shown of tools now.
 * @throws SteleError `tool_contract_unknown` naming a tool of which that cannot be told; TypeError as `ungoverned`
 */
export async function toolContracts(tools: Tools, choices: Choices = {}): Promise<ToolContract[]> {
  return Promise.all(listedTools(tools).map(([name, tool]) => named(name, tool, choices)));
}

/**
 * The digests of tools as agents are shown them now, for `metadata.tools` of a covenant.
 * @throws SteleError as `toolContracts`, `tool_unusable` for a name that is there twice; CryptoError for a schema that is no plain JSON
 */
export async function pinTools(tools: Tools, choices: Choices = {}): Promise<Record<string, string>> {
  const pins = new Map<string, string>();
  for (const [name, tool] of listedTools(tools)) {
    if (pins.has(name))
      throw new SteleError('tool_unusable', `the tool ${JSON.stringify(name)} is there twice`);
    pins.set(name, toolDigest(await named(name, tool, choices)));
  }
  return Object.fromEntries([...pins].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function named(name: string, tool: unknown, choices: Choices): Promise<ToolContract> {
  try {
    return await contractOf(name, choices, tool);
  } catch (error) {
    if (!(error instanceof SteleError)) throw error;
    throw new SteleError(error.code, `the tool ${JSON.stringify(name)}: ${error.message}`);
  }
}
