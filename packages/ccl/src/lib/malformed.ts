/** Why a requested action or resource is malformed, in words: which character, which segment (section 2 of the language). */
import { escapeText, quoteForMessage } from './escape.js';
import { isValidAction, MAX_ACTION, MAX_RESOURCE, normalizeResource } from './names.js';

/** Undefined for an action that is well formed. */
export function malformedAction(action: unknown): string | undefined {
  if (typeof action !== 'string') return `the action is ${typeName(action)}, not a string`;
  if (isValidAction(action)) return undefined;
  if (action === '') return 'the action is empty';
  if (action.length > MAX_ACTION) return tooLong('action', action, MAX_ACTION);
  const at = action.search(/[^A-Za-z0-9_:.-]/u);
  if (at !== -1)
    return `${characterAt('action', action, at)}; an action holds only A-Z a-z 0-9 _ - : and the dots between its segments`;
  const segment = action.split('.').indexOf('') + 1;
  return `segment ${segment} of the action is empty`;
}

/** Undefined for a resource that is well formed. */
export function malformedResource(resource: unknown): string | undefined {
  if (typeof resource !== 'string') return `the resource is ${typeName(resource)}, not a string`;
  if (normalizeResource(resource) !== undefined) return undefined;
  if (resource.length > MAX_RESOURCE) return tooLong('resource', resource, MAX_RESOURCE);
  return malformedCharacter(resource) ?? malformedSegment(resource) ?? malformedUrl(resource);
}

const FORBIDDEN: readonly [found: RegExp, why: string][] = [
  [/\\/, 'some systems take a backslash for a separator'],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  [/[\u0000-\u001f\u007f]/, 'a resource holds no control characters'],
  [/\p{Cs}/u, 'half a character: a lone surrogate'],
];
const ENCODED = /%(?:2[eEfF]|5[cC])/;

function malformedCharacter(resource: string): string | undefined {
  for (const [pattern, why] of FORBIDDEN) {
    const at = resource.search(pattern);
    if (at !== -1) return `${characterAt('resource', resource, at)}; ${why}`;
  }
  const encoded = ENCODED.exec(resource);
  if (encoded === null) return undefined;
  const shown = `\`${encoded[0]}\` at character ${encoded.index + 1}`;
  return `the resource has ${shown}, an encoded dot, slash or backslash; hand over the decoded resource`;
}

function malformedSegment(resource: string): string | undefined {
  const segments = resource.split('/').filter((segment) => segment !== '');
  const at = segments.findIndex((segment) => segment === '.' || segment === '..');
  return at === -1
    ? undefined
    : `segment ${at + 1} of the resource is \`${segments[at]}\`; hand over the resolved resource`;
}

/** Nothing else is wrong, so it begins with a scheme and is not spelt as a URL parser would spell it. */
function malformedUrl(resource: string): string {
  const spelt = resource.replace(/^\/+/, '');
  const start = `the resource ${quoteForMessage(resource)} begins with a URL scheme, but`;
  const url = parseUrl(spelt);
  if (url === undefined) return `${start} is no URL`;
  if (url.username !== '' || url.password !== '') return `${start} holds a user name or password`;
  if (spelt.includes('#')) return `${start} has a fragment (\`#\`)`;
  if (spelt.includes('?')) return `${start} has a query (\`?\`)`;
  if (url.hostname.endsWith('.')) return `${start} its host ends in a dot`;
  return `${start} a URL parser would spell it ${quoteForMessage(url.href)}`;
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function characterAt(what: string, text: string, at: number): string {
  const character = String.fromCodePoint(text.codePointAt(at)!);
  return `character ${at + 1} of the ${what} is \`${escapeText(character)}\``;
}

function tooLong(what: string, text: string, most: number): string {
  return `the ${what} has ${text.length} characters, and at most ${most} are taken`;
}

function typeName(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
