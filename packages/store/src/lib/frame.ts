/**
 * How a document is written down as a record:
 *
 *   stele-record/1 <sha256 of the last line>
 *   <canonical JSON of what is signed>
 *   <canonical JSON of the proof set>
 *
 * For a covenant the middle line leaves out the id too, so it is exactly what the id is the hash of: whether a record
 * belongs under its id is seen without taking the document apart. The checksum finds damage to the proofs, not malice;
 * someone who can write to the medium can also write a checksum.
 */
import { sha256 } from '@stele/crypto';

const HEADER = 'stele-record/1 ';
const HEADER_BYTES = HEADER.length + 64 + 1;
const LINE_FEED = 0x0a;
const encoder = new TextEncoder();
const ascii = new TextDecoder('latin1');
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The two lines of a record. Canonical JSON holds no line feed. */
export interface Lines {
  readonly content: string;
  readonly proof: string;
}

export function frame({ content, proof }: Lines): Uint8Array {
  return encoder.encode(`${HEADER}${sha256(proof)}\n${content}\n${proof}`);
}

/** The lines of a record and the SHA-256 of the first, or undefined for anything that is not exactly one record. */
export function unframe(bytes: Uint8Array): (Lines & { digest: string }) | undefined {
  const end = bytes.indexOf(LINE_FEED, HEADER_BYTES);
  if (end === -1) return undefined;
  const proof = bytes.subarray(end + 1);
  if (ascii.decode(bytes.subarray(0, HEADER_BYTES)) !== `${HEADER}${sha256(proof)}\n`) return undefined;
  const content = bytes.subarray(HEADER_BYTES, end);
  return { content: utf8.decode(content), proof: utf8.decode(proof), digest: sha256(content) };
}

/** The JSON text of an object with further members, given as `,"name":value`. */
export function withMembers(object: string, members: string): string {
  return `${object.slice(0, -1)}${members}}`;
}
