/** Whether a revocation list is in force, and what it says. */
import { type RevocationListCheck, type RevocationListDocument, verifyRevocationList } from '@stele/core';
import { isEd25519Did } from '@stele/crypto';
import type { Cli, ExitCode } from '../cli.js';
import { CliError } from '../errors.js';
import { readBytes } from '../input.js';
import { jsonText, printable } from '../output.js';
import { MAX_LIST_BYTES } from './bounds.js';

export interface CheckFlags {
  readonly check?: string;
  readonly issuer?: string[];
  readonly highestSeen?: number;
  readonly json?: true;
}

export async function checkList(
  path: string,
  { issuer, highestSeen, json }: CheckFlags,
  cli: Cli,
): Promise<ExitCode> {
  if (issuer === undefined) throw new CliError('usage', 'say whose lists you go by: --issuer <did>');
  const other = issuer.find((did) => !isEd25519Did(did));
  if (other !== undefined) throw new CliError('usage', `--issuer is no did:key: ${printable(other, 64)}`);
  const found = await verifyRevocationList(await readBytes(path, cli.streams, MAX_LIST_BYTES), {
    issuers: issuer,
    highestSeen: () => highestSeen,
  });
  cli.print(json ? jsonText(asJson(found)) : asText(found));
  return found.valid ? 0 : 1;
}

function asJson({ valid, code, reason, list }: RevocationListCheck): object {
  const because = code === undefined ? {} : { code, reason };
  if (list === undefined) return { valid, ...because };
  const { proof: _, ...said } = list;
  return { valid, ...because, list: said };
}

function asText({ valid, code, reason, list }: RevocationListCheck): string {
  const verdict = valid ? 'in force' : `not in force  ${code}: ${printable(reason ?? '', 400)}`;
  return list === undefined ? verdict : `${verdict}\n${contentLines(list)}`;
}

/** What a list says; its reasons are somebody's text. */
function contentLines({
  issuer,
  number,
  issuedAt,
  nextUpdate,
  keys,
  covenants,
}: RevocationListDocument): string {
  return [
    `issuer       ${issuer}`,
    `number       ${number}`,
    `issued       ${issuedAt}`,
    `next update  ${nextUpdate}`,
    `keys         ${keys.length}`,
    ...keys.map(
      ({ key, status, revokedAt, reason }) => `  ${key}  ${status}  ${revokedAt}  ${printable(reason)}`,
    ),
    `covenants    ${covenants.length}`,
    ...covenants.map(
      ({ covenant, revokedAt, reason }) => `  ${covenant}  ${revokedAt}  ${printable(reason)}`,
    ),
  ].join('\n');
}
