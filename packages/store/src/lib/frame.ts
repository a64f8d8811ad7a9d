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
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A line of a record, its bytes and the same as text. */
export interface Line {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** The bytes of a record. Canonical JSON holds no line feed. */
export function frame(lines: { content: string; proof: string }): Uint8Array {
  return encoder.encode(`${HEADER}${sha256(lines.proof)}\n${lines.content}\n${lines.proof}`);
}

/**
 * The lines of a record, or undefined for anything that is not exactly one record.
 * @throws TypeError for what is no UTF-8
 */
export function unframe(bytes: Uint8Array): { content: Line; proof: Line } | undefined {
  // Decoded at once, since decoding costs by the call.
  const text = utf8.decode(bytes);
  const textEnd = text.indexOf('\n', HEADER_BYTES);
  if (textEnd === -1) return undefined;
  // In ASCII, as most are, the places are the same.
  const end = text.length === bytes.length ? textEnd : bytes.indexOf(LINE_FEED, HEADER_BYTES);
  const proof = bytes.subarray(end + 1);
  if (!text.startsWith(`${HEADER}${sha256(proof)}\n`)) return undefined;
  return {
    content: { bytes: bytes.subarray(HEADER_BYTES, end), text: text.slice(HEADER_BYTES, textEnd) },
    proof: { bytes: proof, text: text.slice(textEnd + 1) },
  };
}

/**
 * The JSON of a whole document: the content with `members` (text) and the proof set as its last members.
 * @throws SyntaxError if the proof set is not one JSON value, and could thus bring members of its own
 */
export function assemble(content: Line, members: string, proof: Line): string {
  JSON.parse(proof.text);
  return `${content.text.slice(0, -1)},${members}"proof":${proof.text}}`;
}
