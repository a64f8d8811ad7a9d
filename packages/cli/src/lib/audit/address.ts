import { CliError } from '../errors.js';
import { printable } from '../output.js';

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `127.0.0.1:7780`, `localhost:7780` or `[::1]:7780`.
 * @throws CliError `usage`
 */
export function parseAddress(text: string, option: string): Address {
  const [, bracketed, plain, port] =
    /^(?:\[([0-9a-fA-F:.]{2,64})\]|([A-Za-z0-9.-]{1,253})):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
  throw new CliError(
    'usage',
    `${option} is no address: ${printable(text, 80)}`,
    'write 127.0.0.1:7780 or [::1]:7780',
  );
}
