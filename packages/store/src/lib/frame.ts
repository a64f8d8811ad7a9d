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

export interface Lines {
  readonly content: Uint8Array;
  readonly proof: Uint8Array;
}

/** The bytes of a record. Canonical JSON holds no line feed. */
export function frame(lines: { content: string; proof: string }): Uint8Array {
  return encoder.encode(`${HEADER}${sha256(lines.proof)}\n${lines.content}\n${lines.proof}`);
}

/** The lines of a record, or undefined for anything that is not exactly one record. */
export function unframe(bytes: Uint8Array): Lines | undefined {
  const end = bytes.indexOf(LINE_FEED, HEADER_BYTES);
  if (end === -1) return undefined;
  const proof = bytes.subarray(end + 1);
  if (ascii.decode(bytes.subarray(0, HEADER_BYTES)) !== `${HEADER}${sha256(proof)}\n`) return undefined;
  return { content: bytes.subarray(HEADER_BYTES, end), proof };
}

/**
 * The JSON of a whole document: the content with `members` (text) and the proof set as its last members.
 * @throws SyntaxError if the proof set is not one JSON value, and could thus bring members of its own
 */
export function assemble(content: Uint8Array, members: string, proof: Uint8Array): Uint8Array {
  JSON.parse(utf8.decode(proof));
  const head = content.subarray(0, -1);
  const middle = encoder.encode(`,${members}"proof":`);
  const whole = new Uint8Array(head.length + middle.length + proof.length + 1);
  whole.set(head);
  whole.set(middle, head.length);
  whole.set(proof, head.length + middle.length);
  whole[whole.length - 1] = 0x7d;
  return whole;
}
