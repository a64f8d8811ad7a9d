import { copyBytes, exactBytes } from './bytes.js';
import { verifyNow } from './keys.js';
import { answerWrong, checkedSigner, type KeyUse, type Signer } from './signer.js';
import { type AttemptContext, type AttemptOptions, attempt, attemptPolicy } from './signer-attempts.js';

/** A key that lives elsewhere: a KMS, a hardware module, an agent. */
export interface RemoteSignerOptions extends AttemptOptions {
  /** 32 bytes, from a source that is trusted: every answer is verified against it. */
  publicKey: Uint8Array;
  /** The longest message that the service takes, in bytes. */
  maxBytes?: number | undefined;
  use?: KeyUse | undefined;
  /** Asks once. It is given a copy of the message, and a signal that says when its time is over. */
  sign: (bytes: Uint8Array, context: AttemptContext) => Promise<Uint8Array>;
}

/**
 * A signer that asks a service, with an end to each attempt and to their number, and that verifies each signature
 * before it hands it on. Its `sign` rejects with `too_large`, with `signer_unavailable` when no attempt succeeded, and
 * with `signer_answer_wrong` for any answer that is no signature; a wrong answer is not asked for again.
 * @throws {TypeError} if an option has the wrong type
 * @throws {RangeError} if the public key is not 32 bytes long or a number is out of bounds
 */
export function remoteSigner(options: RemoteSignerOptions): Signer {
  const { maxBytes, use, sign } = options;
  const publicKey = copyBytes(exactBytes(options.publicKey, 32, 'publicKey'));
  if (typeof sign !== 'function') throw new TypeError('sign must be a function');
  const policy = attemptPolicy(options);
  return checkedSigner(publicKey, { maxBytes, use }, async (message) => {
    const answer = await attempt('the signer', policy, (context) => sign(copyBytes(message), context));
    if (!verifyNow(message, answer, publicKey)) throw answerWrong();
    return answer;
  });
}
