import { type CclDocument, CclSyntaxError, parse } from '../../src/index.js';

/** The syntax error of a text; fails if it parses. */
export function syntaxError(text: string): CclSyntaxError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof CclSyntaxError) return error;
    throw error;
  }
  throw new Error(`parsed: ${text.slice(0, 200)}`);
}

/** A document without places, to compare what was said and not where. */
export function withoutPlaces(document: CclDocument): unknown {
  return JSON.parse(
    JSON.stringify(document, (key, value: unknown) => (key === 'location' ? undefined : value)),
  );
}
