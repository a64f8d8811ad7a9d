import { join } from 'node:path';
import { buildCovenant } from '@stele/sdk';
import { EncryptedStore, rawKeys, SqliteStore } from '@stele/store';
import { parties, tenStatements, verified } from '../lib/samples.mjs';

export const title = 'Encrypted stores';

const FOUND = 10;
const BATCH = 100;
const [OLD, NEW] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];

/** Filters over blind indexes, beside those over clear ones. */
export async function* tables({ folder, smoke }) {
  const open = (name) => new SqliteStore(join(folder, `encrypted-${name}.db`));
  const [plain, inner, turning] = [open('plain'), open('one'), open('two')];
  const one = new EncryptedStore({ store: inner, encryptionKey: OLD });
  const two = new EncryptedStore({ store: turning, keys: rawKeys(NEW, OLD) });
  const before = new EncryptedStore({ store: turning, encryptionKey: OLD });
  const count = smoke ? 200 : 2_000;
  try {
    const documents = await tagged(count);
    for (let n = 0; n < count; n += BATCH) {
      for (const store of [plain, one, n < count / 2 ? before : two]) {
        await store.putBatch(documents.slice(n, n + BATCH));
      }
    }
    const list = (store) => (i) => store.list({ tag: tag(i * 83, count) });
    yield {
      title: 'Find covenants by their tag',
      note: `${FOUND} of ${count.toLocaleString('en-US')}. With two keys half of the records are under each, and both are asked for.`,
      candidates: [
        { name: 'SqliteStore', run: list(plain) },
        { name: 'EncryptedStore over SqliteStore', run: list(one) },
        { name: 'EncryptedStore over SqliteStore, two keys', run: list(two) },
      ],
    };
  } finally {
    for (const store of [plain, one, two]) await store.close();
  }
}

const tag = (n, count) => `tag ${n % (count / FOUND)}`;

async function tagged(count) {
  const { owner, agent } = await parties();
  const made = [];
  for (let n = 0; n < count; n++) {
    const constraints = tenStatements();
    const metadata = { tags: [tag(n, count)] };
    const document = await buildCovenant({
      beneficiary: { id: agent.did },
      constraints,
      metadata,
      signer: owner,
    });
    made.push(await verified(document));
  }
  return made;
}
