/** AWS Signature Version 4 as a server checks it, from its public description. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface Credential {
  secretAccessKey: string;
  sessionToken?: string;
  /** Milliseconds since 1970. */
  expiresAt?: number;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z]+)\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/;
const MUST_BE_SIGNED = ['host', 'x-amz-date', 'x-amz-target'];
const MAX_SKEW_MS = 5 * 60_000;

/** The name of the error with which AWS refuses the request, or undefined if its signature is right. */
export function refusalOf(
  request: IncomingMessage,
  body: Buffer,
  credentials: ReadonlyMap<string, Credential>,
): string | undefined {
  const { authorization = '' } = request.headers;
  const date = String(request.headers['x-amz-date'] ?? '');
  const match = AUTHORIZATION.exec(authorization);
  if (match === null) return 'IncompleteSignatureException';
  const [, accessKeyId, day, region, service, signed, signature] = match as unknown as string[];
  const credential = credentials.get(accessKeyId as string);
  if (credential === undefined) return 'UnrecognizedClientException';
  const names = (signed as string).split(';');
  const sent = Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'));
  if ([...MUST_BE_SIGNED, ...sent].some((name) => !names.includes(name))) return 'InvalidSignatureException';
  const time = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(time - Date.now()) < MAX_SKEW_MS) || !date.startsWith(day as string)) {
    return 'InvalidSignatureException';
  }
  const headers = names.map((name) => `${name}:${String(request.headers[name] ?? '').trim()}\n`).join('');
  const canonical = [request.method, '/', '', headers, signed, sha256(body)].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part as string),
    `AWS4${credential.secretAccessKey}`,
  );
  const right = timingSafeEqual(hmac(key, toSign), Buffer.from(signature as string, 'hex'));
  if (!right || service !== 'kms') return 'InvalidSignatureException';
  if (request.headers['x-amz-security-token'] !== credential.sessionToken)
    return 'UnrecognizedClientException';
  if ((credential.expiresAt ?? Number.POSITIVE_INFINITY) <= Date.now()) return 'ExpiredTokenException';
  return undefined;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
