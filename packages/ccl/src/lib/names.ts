/** The form of actions and resources, in requests and in patterns (section 2 of the language). */
import { Form } from './form.js';
import { split } from './split.js';

export const MAX_ACTION = 512;
export const MAX_RESOURCE = 4096;

const ACTION = new Form('.', /[A-Za-z0-9_:-]/);
const ACTION_PATTERN = new Form('.', /[A-Za-z0-9_:*-]/);
/** Most resources hold nothing but these characters, which are neither forbidden nor make a scheme. */
const PLAIN_RESOURCE = new Form('/', /[ -$&-.0-9;-[\]-~]/, 'dropped');

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const FORBIDDEN = /[\\\u0000-\u001f\u007f\p{Cs}]|%(?:2[eEfF]|5[cC])/u;
// Spaces too may stand before the scheme: whoever parses the text as a URL drops them, as it does the slashes.
const SCHEME = /^[ /]*[A-Za-z][A-Za-z0-9+.-]+:/;

/** True when the text has the form of a requested action: segments of `A-Z a-z 0-9 _ - :` joined by `.`, 1 to 512 characters. */
export function isValidAction(text: string): boolean {
  return splitAction(text) !== undefined;
}

/** The segments of a requested action, or undefined when it is malformed and so denied. */
export function splitAction(text: string): string[] | undefined {
  return typeof text === 'string' && text.length <= MAX_ACTION ? ACTION.split(text) : undefined;
}

/** The segments of a requested resource, or undefined when it is malformed and so denied. */
export function normalizeResource(text: string): string[] | undefined {
  if (typeof text !== 'string' || text.length > MAX_RESOURCE) return undefined;
  const plain = PLAIN_RESOURCE.split(text);
  if (plain !== undefined) return dotless(plain);
  return SCHEME.test(text) && !isCanonicalUrl(text) ? undefined : splitResource(text);
}

/** The segments of an action pattern, or undefined when it is not well formed. */
export function splitActionPattern(text: string): string[] | undefined {
  return text.length <= MAX_ACTION ? wellStarred(ACTION_PATTERN.split(text)) : undefined;
}

/** The segments of a resource pattern, or undefined when it is not well formed. */
export function splitResourcePattern(text: string): string[] | undefined {
  return wellStarred(splitResource(text));
}

function wellStarred(segments: string[] | undefined): string[] | undefined {
  if (segments === undefined) return undefined;
  for (const segment of segments) if (segment !== '**' && segment.includes('**')) return undefined;
  return segments;
}

function splitResource(text: string): string[] | undefined {
  if (text.length > MAX_RESOURCE || FORBIDDEN.test(text)) return undefined;
  return dotless(split(text, '/'));
}

function dotless(segments: string[]): string[] | undefined {
  for (const segment of segments) if (segment === '.' || segment === '..') return undefined;
  return segments;
}

/**
 * True when a text that begins with a URL scheme is spelt as a URL parser would spell it, so that what is judged is
 * what will be used. Leading slashes are dropped first: `/https://HOST` has the same segments as `https://HOST`.
 */
function isCanonicalUrl(text: string): boolean {
  const spelt = text.replace(/^\/+/, '');
  if (/[?#]/.test(spelt)) return false;
  try {
    const url = new URL(spelt);
    const plain = url.username === '' && url.password === '' && !url.hostname.endsWith('.');
    return plain && (url.href === spelt || url.href === `${spelt}/`);
  } catch {
    return false;
  }
}
