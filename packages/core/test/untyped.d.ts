/** These packages carry no types; the tests use little of them. */
declare module '@digitalbazaar/data-integrity' {
  export class DataIntegrityProof {
    constructor(options: { signer?: unknown; cryptosuite: unknown; date?: Date });
    createProof(options: {
      document: object;
      purpose: unknown;
      proofSet: unknown[];
      documentLoader: unknown;
    }): Promise<object>;
  }
}
declare module '@digitalbazaar/ed25519-multikey' {
  export function from(key: object): Promise<{ signer(): unknown }>;
}
declare module '@digitalbazaar/eddsa-jcs-2022-cryptosuite' {
  export function createSignCryptosuite(): unknown;
  export function createVerifyCryptosuite(): unknown;
}
declare module 'jsonld-signatures' {
  const jsigs: {
    purposes: { AssertionProofPurpose: new (options: { date: Date }) => unknown };
    verify(document: object, options: object): Promise<{ results: { verified: boolean }[] }>;
  };
  export default jsigs;
}
