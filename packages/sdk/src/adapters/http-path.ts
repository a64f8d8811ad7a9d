/** The path that a request line asks for, as the rules see it. */

/**
 * The path that the application will use, decoded once. One that hides a separator, that cannot be decoded, or on which
 * parsers disagree is made malformed to the rules, so that it is denied rather than guessed at.
 */
export function decodedPath(url: string): string {
  const path = withoutQuery(url.startsWith('/') ? url : url.replace(ORIGIN, ''));
  if (!PATH.test(path)) return UNREADABLE;
  if (!path.includes('%')) return path;
  try {
    return path.split('/').map(decodedSegment).join('/');
  } catch {
    return UNREADABLE;
  }
}

function withoutQuery(target: string): string {
  const end = target.indexOf('?');
  return end === -1 ? target : target.slice(0, end);
}

/** A request line may hold an absolute URL (RFC 9112 section 3.2.2). After an odd host some parsers begin the path early. */
const ORIGIN = /^https?:\/\/[\w.:[\]-]+(?=\/)/i;

/** Visible ASCII but `#`, which a request line does not have. */
const PATH = /^\/[!"$-~]*$/;

// A backslash makes a resource malformed.
const UNREADABLE = '\\';

function decodedSegment(segment: string): string {
  const decoded = decodeURIComponent(segment);
  return decoded.includes('/') ? UNREADABLE : decoded;
}
