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
  'accesskey',
  'sharedkey',
  'encryptionkey',
  'signingkey',
  'masterkey',
  'credential',
  'mnemonic',
  'jwt',
  'bearer',
  'connectionstring',
];

/** Too short to be looked for inside other names. */
const SHORT_NAMES: ReadonlySet<string> = new Set(['otp', 'pin', 'pwd', 'seed']);

/**
 * What is a secret wherever it stands. Every repetition is bounded, or can begin only once in a run of its characters, so
 * that no text makes the search slow.
 */
const SHAPES: readonly RegExp[] = [
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)/g,
  /\b(?:bearer|basic) {1,8}(?=\S{0,64}[\d=])[\w.~+/=-]{8,}/gi,
  /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, // a signed JSON Web Token
  /(?<![\w-])(?:gh[opsur]_|github_pat_|glpat-|npm_|xox[abprs]-|sk-|sk_live_|AIza)[\w-]{16,}/g,
  /(?<![\w-])A(?:KI|SI)A[A-Z0-9]{16}(?![\w-])/g, // the id of an AWS key
];

const ADDRESS_PASSWORD = /(:\/\/[^\s/:@]{0,128}:)[^\s/@]{1,256}@/g;

/** True when a field of this name usually holds a key or a token: `privateKey`, `x-api-key`, `DB_PASSWORD`, … */
export function isSecretName(name: string): boolean {
  const plain = name
    .slice(0, 128)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
  return SHORT_NAMES.has(plain) || SECRET_NAMES.some((secret) => plain.includes(secret));
}

/** True when text is a secret as a whole, whatever its field is called. */
export function isSecretText(text: string): boolean {
  return text.includes('PRIVATE KEY-----') || /^(?:bearer|basic) /i.test(text);
}

/** The text with what stands out as a secret taken out of it. */
export function withoutSecrets(text: string): string {
  const left = text.replace(ADDRESS_PASSWORD, `$1${REDACTED}@`);
  return SHAPES.reduce((rest, shape) => rest.replace(shape, REDACTED), left);
}

/** True when the field can hold no secret: absent, a flag, or a count such as `maxTokens: 512`. */
export function isHarmless(name: string, value: unknown): boolean {
  if (value === null || value === undefined || typeof value === 'boolean') return true;
  return typeof value === 'number' && /tokens$|tokencount$/i.test(name);
}
