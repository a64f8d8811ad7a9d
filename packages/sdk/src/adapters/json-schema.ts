/** The JSON Schema in what frameworks take for a schema. */
import { ContractUnknownError } from '../lib/pinned.js';

/** How the AI SDK marks its own schemas. A key of JSON is never a symbol: no schema of somebody else can pass for one. */
const AI_SCHEMA = Symbol.for('vercel.ai.schema');

interface Standard {
  readonly jsonSchema?: { readonly input?: (options: { target: string }) => unknown };
}

/**
 * The JSON Schema of a schema: as it is where it is one, else as the AI SDK or a Standard JSON Schema (zod from 4.2) tells it.
 * @param mend what to do where there is none, such as for zod 3
 * @throws ContractUnknownError
 */
export async function jsonSchemaOf(schema: unknown, mend: string): Promise<unknown> {
  try {
    return await read(schema);
  } catch {
    throw new ContractUnknownError(`its schema tells no JSON Schema, ${mend}`);
  }
}

async function read(schema: unknown): Promise<unknown> {
  if (schema === undefined || schema === null) return undefined;
  const standard = (schema as { readonly '~standard'?: Standard })['~standard'];
  if (standard !== undefined) return converted(standard);
  if (typeof schema === 'function') return ofAi(schema());
  return AI_SCHEMA in Object(schema) ? ofAi(schema) : schema;
}

function converted({ jsonSchema }: Standard): unknown {
  if (typeof jsonSchema?.input !== 'function') throw new TypeError('no Standard JSON Schema');
  // What is enumerable of it: zod leaves something of its own beside it.
  return { ...(jsonSchema.input({ target: 'draft-07' }) as object) };
}

function ofAi(schema: unknown): unknown {
  if (!(AI_SCHEMA in Object(schema))) throw new TypeError('no schema of the AI SDK');
  return (schema as { readonly jsonSchema: unknown }).jsonSchema;
}
