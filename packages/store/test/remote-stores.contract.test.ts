/** Stores on real servers, bare and encrypted. */
import { describe } from 'vitest';
import { havePostgres } from '../../../test/support/postgres.js';
import { EncryptedStore } from '../src/index.js';
import { PostgresKeyRing } from '../src/postgres.js';
import { keyRingContract, storeContract } from '../src/testing.js';
import { KEY } from './support/backends.js';
import { patient } from './support/patient.js';
import { freshSchema, unsyncedUrl } from './support/postgres.js';
import { remotes } from './support/remote.js';

for (const { name, have, url, place, open } of remotes) {
  const make = () => open(url, place());
  describe.skipIf(!have)(name, () => {
    storeContract('bare', make, patient);
    storeContract('encrypted', () => new EncryptedStore({ store: make(), encryptionKey: KEY }), patient);
  });
}

describe.skipIf(!havePostgres)('PostgresKeyRing (needs PostgreSQL)', () => {
  keyRingContract(
    'PostgresKeyRing',
    () => {
      const options = { schema: freshSchema(), maxConnections: 4, timeoutMs: 60_000 };
      return [new PostgresKeyRing(unsyncedUrl, options), new PostgresKeyRing(unsyncedUrl, options)];
    },
    patient,
  );
});
