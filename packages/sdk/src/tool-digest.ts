import { canonicalizeJson, sha256 } from '@stele/crypto';

/** What an agent is told of a tool, and goes by. */
export interface ToolContract {
  readonly name: string;
  readonly description?: string | undefined;
  /** A JSON Schema; whatever is called differently in a framework. */
  readonly inputSchema?: unknown;
}

/**
 * The digest of what was agreed of a tool: SHA-256 in hex of the RFC 8785 form of `{ name, description, inputSchema }`, the members
 * that are not there left out. Nothing else of the tool counts.
 * @throws TypeError for a tool whose name, or description, is no string
 * @throws CryptoError `not_json`, `too_deep`, `too_large` for a schema that is no plain JSON
 */
export function toolDigest(tool: ToolContract): string {
  const { name, description, inputSchema } = tool;
  if (typeof name !== 'string') throw new TypeError('a tool needs a name');
  if (description !== undefined && typeof description !== 'string')
    throw new TypeError('the description of a tool is a text');
  return sha256(
    canonicalizeJson({
      name,
      ...(description === undefined ? {} : { description }),
      ...(inputSchema === undefined ? {} : { inputSchema }),
    }),
  );
}
