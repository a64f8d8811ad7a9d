/**
 * Reading canonical JSON fast. `parseJson` of @stele/crypto takes any I-JSON and is the measure; this takes canonical text
 * alone, with the parser of the platform, and leaves the rest to it.
 *
 * That nothing else gets through: the platform's parser drops a name that comes twice, takes white space, and rounds numbers;
 * writing the value again shows all of that, since the text would differ. What would not show is looked for: names that are
 * out of order and integers that I-JSON does not know in the value, lone surrogates in the text, where they can only be
 * escapes. What passes is exactly what `canonicalizeJson` writes, so the hash of the text is the hash of the value.
 */
const MAX_DEPTH = 48;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The value of a canonical JSON text, frozen but for its outermost object; undefined for any other text. */
export function parseCanonical(bytes: Uint8Array): unknown {
  try {
    const text = utf8.decode(bytes);
    if (text.includes('\\ud')) return undefined;
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text && isCanonical(value, 0) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isCanonical(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
  if (typeof value !== 'object' || value === null) return true;
  if (depth === MAX_DEPTH) return false;
  if (depth > 0) Object.freeze(value);
  if (Array.isArray(value)) return value.every((item) => isCanonical(item, depth + 1));
  let last = '';
  for (const name of Object.keys(value)) {
    if (name < last || !isCanonical((value as Record<string, unknown>)[name], depth + 1)) return false;
    last = name;
  }
  return true;
}
