import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

interface Command {
  readonly constructor: { readonly name: string };
  readonly input: { KeyId?: string; CiphertextBlob?: Uint8Array; EncryptionContext?: Record<string, string> };
}

/** A client of a key service in this process: data keys are wrapped under a key that it keeps. It counts what it is asked. */
export class LocalKms {
  readonly asked: string[] = [];
  /** Whether it answers. */
  reachable = true;
  readonly #key = randomBytes(32);

  readonly send = async (command: never): Promise<unknown> => {
    const { constructor: made, input } = command as Command;
    this.asked.push(made.name);
    if (!this.reachable) throw Object.assign(new Error('the line is down'), { name: 'TimeoutError' });
    const aad = Buffer.from(JSON.stringify([input.KeyId, input.EncryptionContext]));
    if (made.name === 'GenerateDataKeyCommand') {
      const [key, nonce] = [randomBytes(32), randomBytes(12)];
      const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(aad);
      const wrapped = Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
      return { Plaintext: new Uint8Array(key), CiphertextBlob: new Uint8Array(wrapped) };
    }
    const wrapped = Buffer.from(input.CiphertextBlob as Uint8Array);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, wrapped.subarray(0, 12)).setAAD(aad);
    decipher.setAuthTag(wrapped.subarray(-16));
    return {
      Plaintext: new Uint8Array(
        Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()]),
      ),
    };
  };
}
