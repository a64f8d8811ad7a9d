/** Cosignatures of witnesses (C2SP tlog-cosignature, Ed25519): a signature of a checkpoint and of the time it was seen. */

/** A signature line's bytes after the id, taken apart, with what the signature must be over. */
export interface CosignatureClaim {
  /** When the checkpoint was seen, in seconds since 1970. */
  readonly time: number;
  readonly message: Uint8Array;
  /** 64 bytes if it is good. */
  readonly signature: Uint8Array;
}

const TIME_BYTES = 8;

/** What a witness signs: the checkpoint's text below two lines that say what this is, and when. */
export function cosignedMessage(text: string, time: number): Uint8Array {
  return new TextEncoder().encode(`cosignature/v1\ntime ${time}\n${text}`);
}

/**
 * Takes a cosignature apart. Nothing is verified: bytes that are no cosignature give a signature that no key verifies.
 * @param bytes a time, eight bytes, big-endian, and the signature
 * @param text of the note that carries it
 */
export function readCosignature(bytes: Uint8Array, text: string): CosignatureClaim {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const time = bytes.length < TIME_BYTES ? 0 : Number(view.getBigUint64(0));
  return { time, message: cosignedMessage(text, time), signature: bytes.subarray(TIME_BYTES) };
}

/** What stands in the signature line of a cosignature after the id: the time and the signature. */
export function cosignatureBytes(time: number, signature: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(TIME_BYTES + signature.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(time));
  bytes.set(signature, TIME_BYTES);
  return bytes;
}
