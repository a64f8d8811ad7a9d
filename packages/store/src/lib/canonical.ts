/**
 * Reading canonical JSON fast. `parseJson` of @stele/crypto takes any I-JSON and is the measure; this takes canonical text
 * alone, with the parser of the platform, and leaves the rest to it.
 *
 * That nothing else gets through: the platform's parser drops a name that comes twice, takes white space, and rounds numbers;
 * writing the value again shows all of that, since the text would differ. What would not show is looked for in the value:
 * names that are out of order, a lone surrogate (which is written as the escape that it was), an integer that I-JSON does
 * not know. What passes is exactly what `canonicalizeJson` writes, so its hash is the hash of its content.
 */
const MAX_DEPTH = 48;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The deeply frozen value of a canonical JSON text; undefined for anything else. */
export function parseCanonical(bytes: Uint8Array): unknown {
  try {
    const text = utf8.decode(bytes);
    const value: unknown = JSON.parse(text);
    return isPlain(value, 0) && JSON.stringify(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Freezes on the way. */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return !LONE_SURROGATE.test(value);
  if (typeof value === 'number') return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
  if (typeof value !== 'object' || value === null) return true;
  if (depth === MAX_DEPTH) return false;
  const plain = Array.isArray(value)
    ? value.every((item) => isPlain(item, depth + 1))
    : hasPlainMembers(value, depth);
  Object.freeze(value);
  return plain;
}

function hasPlainMembers(object: object, depth: number): boolean {
  let last = '';
  for (const [name, member] of Object.entries(object)) {
    if (name < last || !isPlain(name, depth) || !isPlain(member, depth + 1)) return false;
    last = name;
  }
  return true;
}

const LONE_SURROGATE = /\p{Surrogate}/u;
