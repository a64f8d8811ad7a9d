import { InvalidArgumentError } from 'commander';

/** The use of a key, as an option. */
export function keyUse(text: string): string {
  if (/^[A-Za-z0-9._-]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be 1 to 64 letters, digits, dots, dashes and underscores.');
}
