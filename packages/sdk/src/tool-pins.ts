import type { CovenantDocument } from '@stele/core';
import { SteleError } from '@stele/types/errors';

/** The digests of the tools that were agreed, by the names of the tools. */
export type ToolPins = ReadonlyMap<string, string>;

const DIGEST = /^[0-9a-f]{64}$/;

/**
 * The tools that a covenant pins, `metadata.tools`.
 * @returns undefined for one that pins none
 * @throws SteleError as `readToolPins`
 */
export function toolPinsOf({ metadata }: Pick<CovenantDocument, 'metadata'>): ToolPins | undefined {
  return metadata !== undefined && Object.hasOwn(metadata, 'tools')
    ? readToolPins(metadata.tools)
    : undefined;
}

/**
 * Reads `{ "<tool>": "<digest>" }`. An object without members agrees to no tool.
 * @throws SteleError `pins_invalid` for anything else
 */
export function readToolPins(value: unknown): ToolPins {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('they must be an object with a digest for each tool');
  const pins = Object.entries(value);
  for (const [tool, digest] of pins)
    if (typeof digest !== 'string' || !DIGEST.test(digest))
      throw invalid(`the digest of ${JSON.stringify(tool.slice(0, 64))} is not 64 hex digits in lower case`);
  return new Map(pins);
}

const invalid = (why: string) =>
  new SteleError('pins_invalid', `these are no pins of tools: ${why}`, {
    hint: 'make them with: stele tools pin',
  });
