/** Signed notes (C2SP signed-note): a text, an empty line, and a line for each signature. */
import { type SignedBytes, type Signer, verifyMany } from '@stele/crypto';
import { AuditError } from '../errors.js';
import { readCosignature } from './cosignature.js';
import { boundedText, parseBase64 } from './strict-text.js';
import { COSIGNATURE, isKeyName, type VerifierKey, verifierKey } from './verifier-key.js';

export * from './verifier-key.js';

/** The longest note that is read, in bytes: a checkpoint with a hundred post-quantum signatures has as many. */
export const MAX_NOTE_BYTES = 1_000_000;
/** How many signatures a note may have. */
export const MAX_SIGNATURES = 100;

/** One signature line, taken apart. Nothing says yet that it is good. */
export interface NoteSignature {
  readonly name: string;
  /** Eight hex digits. */
  readonly id: string;
  /** What follows the id: for Ed25519 64 bytes, for a cosignature a time before them. */
  readonly signature: Uint8Array;
  /** The line as it stands, without its newline. */
  readonly line: string;
}

/** A note in its parts. Nothing of it may be believed before a signature was verified. */
export interface Note {
  /** With its final newline, without the empty line. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A signature that its key verified. */
export interface VerifiedSignature extends NoteSignature {
  readonly key: VerifierKey;
  /** Of a cosignature: when the checkpoint was seen, in seconds since 1970. */
  readonly time?: number;
}

/** A note that at least one of the keys has signed. */
export interface OpenedNote {
  readonly text: string;
  /** Of the known keys, one for each key, in the order of the note. */
  readonly verified: readonly VerifiedSignature[];
  /** Of keys that are not known: they say nothing. */
  readonly unverified: readonly NoteSignature[];
}

/**
 * Takes a note apart without verifying anything.
 * @param note bytes, or the string that they are in UTF-8
 * @throws AuditError `note_malformed` for whatever is not exactly a note, longer than a million bytes, or with over a
 *   hundred signatures
 */
export function parseNote(note: string | Uint8Array): Note {
  const whole = boundedText(note, MAX_NOTE_BYTES, noteError);
  checkText(whole);
  const split = whole.lastIndexOf('\n\n');
  if (split < 0) throw noteError('no empty line parts its text from signatures');
  const lines = whole.slice(split + 2).split('\n');
  if (lines.pop() !== '') throw noteError('its last line does not end');
  if (lines.length === 0) throw noteError('it has no signatures');
  if (lines.length > MAX_SIGNATURES) throw noteError(`it has more than ${MAX_SIGNATURES} signatures`);
  return { text: whole.slice(0, split + 1), signatures: lines.map(parseSignature) };
}

function checkText(text: string): void {
  if (/\p{Cs}/u.test(text)) throw noteError('it is no valid UTF-8');
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 && code !== NEWLINE) throw noteError('it has a control character');
  }
}

const NEWLINE = 0x0a;

/** The name, and the base64 of the id and the signature. */
const SIGNATURE_LINE = /^— ([^ ]+) ([A-Za-z0-9+/]+={0,2})$/u;

/**
 * Takes one signature line apart.
 * @param line without its newline
 * @throws AuditError `note_malformed`
 */
export function parseSignature(line: string): NoteSignature {
  const [, name, encoded = ''] = SIGNATURE_LINE.exec(line) ?? [];
  const bytes = parseBase64(encoded);
  // An id of four bytes, and something after it.
  if (!isKeyName(name) || bytes === undefined || bytes.length < 5) {
    throw noteError('a line after its text is no signature');
  }
  return {
    name,
    id: Buffer.from(bytes).toString('hex', 0, 4),
    signature: bytes.slice(4),
    line,
  };
}

/** Writes the signature line of a key, without its newline. */
export function formatSignature({ name, id }: VerifierKey, signature: Uint8Array): string {
  return `— ${name} ${Buffer.concat([Buffer.from(id, 'hex'), signature]).toString('base64')}`;
}

/**
 * Opens a note: takes it apart and verifies every signature of a known key.
 * @param keys of whom a signature is believed
 * @throws AuditError `note_malformed`; `note_unsigned` if no known key has signed it, or if a signature that claims to
 *   be of a known key is not, or if two of them have one name and id
 */
export async function openNote(note: string | Uint8Array, keys: readonly VerifierKey[]): Promise<OpenedNote> {
  const { text, signatures } = parseNote(note);
  const known = byNameAndId(keys);
  const verified = new Map<VerifierKey, VerifiedSignature>();
  const unverified: NoteSignature[] = [];
  const claims: (SignedBytes & { readonly claim: VerifiedSignature })[] = [];
  for (const signature of signatures) {
    const key = known.get(`${signature.name}+${signature.id}`);
    if (key === undefined) unverified.push(signature);
    else claims.push(claimOf(signature, key, text));
  }
  for (const [i, good] of (await verifyMany(claims)).entries()) {
    const { claim } = claims[i] as (typeof claims)[number];
    if (!good) throw unsigned(`a signature in the name of “${claim.name}” is not of its key`);
    // Whoever signs twice counts once.
    if (!verified.has(claim.key)) verified.set(claim.key, claim);
  }
  if (verified.size === 0) throw unsigned('no key that was named has signed the note');
  return { text, verified: [...verified.values()], unverified };
}

/** What must be verified for a signature to count as one of a key. */
function claimOf(signature: NoteSignature, key: VerifierKey, text: string) {
  const publicKey = key.publicKey;
  if (key.type !== COSIGNATURE) {
    return {
      message: Buffer.from(text),
      signature: signature.signature,
      publicKey,
      claim: { ...signature, key },
    };
  }
  const { time, message, signature: bare } = readCosignature(signature.signature, text);
  return { message, signature: bare, publicKey, claim: { ...signature, key, time } };
}

function byNameAndId(keys: readonly VerifierKey[]): Map<string, VerifierKey> {
  const known = new Map<string, VerifierKey>();
  for (const key of keys) {
    const name = `${key.name}+${key.id}`;
    const other = known.get(name);
    if (other !== undefined && !Buffer.from(other.publicKey).equals(key.publicKey)) {
      // Whoever writes a note chooses its names, and can make two ids the same.
      throw unsigned(`two keys are called ${name}: a signature would not tell which of them made it`);
    }
    known.set(name, other ?? key);
  }
  return known;
}

/**
 * Signs a text as a note, by an Ed25519 key (type 0x01).
 * @param text ends with a newline; UTF-8 without other control characters
 * @param name of the key: for a log its origin
 * @returns the whole note
 * @throws AuditError `note_malformed` if the text cannot be one of a note
 */
export async function signNote(text: string, name: string, signer: Signer): Promise<string> {
  checkText(text);
  if (!text.endsWith('\n')) throw noteError('its text does not end with a newline');
  const signature = await signer.sign(new TextEncoder().encode(text));
  return `${text}\n${formatSignature(verifierKey(name, signer.publicKey), signature)}\n`;
}

/**
 * A note with further signature lines after those that it has; lines that it has already are left out.
 * @throws AuditError `note_malformed` if one of them is none, or the note would become too long
 */
export function addSignatures(note: string, lines: readonly string[]): string {
  const { text, signatures } = parseNote(note);
  const all = new Set([...signatures, ...lines.map(parseSignature)].map(({ line }) => line));
  const longer = `${text}\n${[...all].map((line) => `${line}\n`).join('')}`;
  parseNote(longer);
  return longer;
}

function noteError(what: string, cause?: unknown): AuditError {
  return new AuditError('note_malformed', `this is no signed note: ${what}`, {
    hint: 'See c2sp.org/signed-note for its form.',
    cause,
  });
}

function unsigned(what: string): AuditError {
  return new AuditError('note_unsigned', what, {
    hint: 'Do not use what it says. See that the keys are those of this log, from a source that you trust.',
  });
}
