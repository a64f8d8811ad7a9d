/** What stands in the place of a secret. */
export const REDACTED = '[redacted]';

const SECRET_NAMES = [
  'privatekey',
  'secret',
  'password',
  'passwd',
  'passphrase',
  'token',
  'authorization',
  'cookie',
  'apikey',
  'encryptionkey',
  'signingkey',
  'masterkey',
  'credential',
  'mnemonic',
  'jwt',
];

/** True when a field of this name usually holds a key or a token: `privateKey`, `x-api-key`, `DB_PASSWORD`, … */
export function isSecretName(name: string): boolean {
  const plain = name
    .slice(0, 128)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
  return SECRET_NAMES.some((secret) => plain.includes(secret));
}

/** True when text is a secret by its own shape, whatever its field is called. */
export function isSecretText(text: string): boolean {
  return text.includes('PRIVATE KEY-----') || /^(?:bearer|basic) /i.test(text);
}

/** True when the field can hold no secret: absent, a flag, or a count such as `maxTokens: 512`. */
export function isHarmless(name: string, value: unknown): boolean {
  if (value === null || value === undefined || typeof value === 'boolean') return true;
  return typeof value === 'number' && /tokens$|tokencount$/i.test(name);
}
