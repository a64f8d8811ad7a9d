import * as node from 'node:crypto';
import { canonicalizeJson, verifyCovenant } from '@stele/sdk';
import { perSecond, share } from '../lib/bars.mjs';
import { covenant, covenants, parties, tenStatements, verified } from '../lib/samples.mjs';

export const title = 'Covenants';

const RAW_VERIFY = 'node:crypto verify of its bytes';

export async function* tables({ smoke }) {
  const keys = await parties();
  // More rules than are remembered by their text, so that each is compiled anew when its turn comes.
  const documents = await covenants(smoke ? 5 : 2_000, keys, (i) => tenStatements(100 + i));
  const alike = await covenants(smoke ? 5 : 200, keys, () => tenStatements());
  const of = (i) => documents[i % documents.length];
  const options = { trust: [keys.owner.did] };
  const { proof: _, ...content } = documents[0];
  const [bytes, signedBytes] = [documents[0], content].map((value) =>
    Buffer.byteLength(canonicalizeJson(value)).toLocaleString('en-US'),
  );
  const statements = tenStatements().split('\n').length;
  const known = await verified(of(0));
  const raw = rawSignature();
  const plain = rawSignature(Buffer.from(canonicalizeJson(documents[0])));

  yield {
    title: 'Build and sign a covenant',
    note: `${statements} statements, ${signedBytes} bytes in canonical form, ${bytes} with its proof. Building also compiles the rules and checks the whole document before anything is signed.`,
    candidates: [
      { name: 'node:crypto sign of 64 bytes', run: () => node.sign(null, raw.message, raw.privateKey) },
      { name: 'buildCovenant', run: (i) => covenant(keys, tenStatements(i % 1_000)) },
    ],
  };
  yield {
    title: 'Verify a covenant',
    note: `The same covenants, every one another document. Every check runs; ${documents.length.toLocaleString('en-US')} of them have rules of their own, which are parsed and compiled each time, the others have the same rules, which are compiled once. What a covenant's proof signs is two hashes, 64 bytes; the first row is a signature over the bytes of the covenant themselves, which is what one would do without a format.`,
    candidates: [
      { name: RAW_VERIFY, run: () => node.verify(null, plain.message, plain.publicKey, plain.signature) },
      {
        name: 'node:crypto verify of 64 bytes',
        run: () => node.verify(null, raw.message, raw.publicKey, raw.signature),
      },
      {
        name: 'verifyCovenant, each with its own rules',
        run: (i) => verifyCovenant(of(i), options),
        bar: share(0.6, RAW_VERIFY),
      },
      {
        name: 'verifyCovenant, all with the same rules',
        run: (i) => verifyCovenant(alike[i % alike.length], options),
        bar: share(0.6, RAW_VERIFY),
      },
    ],
  };
  yield {
    title: 'Verify what was verified before',
    note: 'Time, trust, revocation and key status are looked at again each time.',
    candidates: [
      {
        name: 'verifyCovenant of the same VerifiedCovenant',
        run: () => verifyCovenant(known),
        bar: perSecond(500_000),
      },
      {
        name: 'the same with trust anchors',
        run: () => verifyCovenant(known, options),
        bar: perSecond(500_000),
      },
      {
        name: 'the same with a lookup of revocations',
        run: () => verifyCovenant(known, { ...options, revocations }),
      },
    ],
  };
}

const revocations = () => [];

function rawSignature(message = node.randomBytes(64)) {
  const { privateKey, publicKey } = node.generateKeyPairSync('ed25519');
  return { privateKey, publicKey, message, signature: node.sign(null, message, privateKey) };
}
