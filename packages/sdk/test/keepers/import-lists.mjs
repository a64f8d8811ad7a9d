// Imports lists into the keeper of a folder, one after the other. The task comes as a message.
import { FileKeyRing } from '@stele/crypto/node';
import { RevocationListKeeper } from '@stele/sdk';

process.once('message', async ({ path, issuers, lists, now }) => {
  const keeper = new RevocationListKeeper({ ring: new FileKeyRing(path), issuers, clock: () => now });
  for (const list of lists) await keeper.import(list);
  process.disconnect();
});
