/** Checks a path that a caller gave. @throws TypeError */
export function pathArgument(path: unknown): string {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return path;
  throw new TypeError('path must be a string that is not empty and holds no NUL');
}
