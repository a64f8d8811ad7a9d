/**
 * JSON of people's own files and requests. It takes what the language has an answer for and I-JSON does not, such as
 * 1e300 or half a surrogate pair, so that every request that was printed can be read again.
 */
import { CliError } from './errors.js';
import { printable } from './output.js';

const MAX_DEPTH = 64;
/** A string, with a colon if it is a name; or a bracket. Whatever else valid JSON holds does not nest. */
const TOKEN = /"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?|[{}[\]]/g;

/**
 * Any JSON value, but with no name twice in one object, and nested at most 64 deep.
 * @param name of the source, for the message
 * @throws CliError `not_json`
 */
export function parseAnyJson(text: string, name: string): unknown {
  const refuse = (what: string) => new CliError('not_json', `${name}: ${what}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse('not JSON');
  }
  const open: Set<string>[] = [];
  for (const [token, string, colon] of text.matchAll(TOKEN)) {
    if (token === '}' || token === ']') open.pop();
    else if (token === '{' || token === '[') open.push(new Set());
    else if (colon !== undefined && !isNew(open.at(-1) as Set<string>, string as string))
      throw refuse(`the name ${printable(token.replace(/\s*:$/, ''), 64)} comes twice in one object`);
    if (open.length > MAX_DEPTH) throw refuse(`nested deeper than ${MAX_DEPTH}`);
  }
  return value;
}

function isNew(names: Set<string>, written: string): boolean {
  const name = written.includes('\\') ? (JSON.parse(`"${written}"`) as string) : written;
  if (names.has(name)) return false;
  names.add(name);
  return true;
}
