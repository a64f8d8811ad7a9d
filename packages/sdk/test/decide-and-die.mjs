// Decides through a monitor with a log, and is killed while an action runs. Prints the index of each permit that it got.
import { writeSync } from 'node:fs';
import { AuditLog, createMonitor, keyPairFromPrivateKey } from '@stele/sdk';

process.once('message', async ({ path, origin, secret, covenant, trust, how }) => {
  const log = await AuditLog.open(path, {
    signer: await keyPairFromPrivateKey(Buffer.from(secret, 'hex')),
    origin,
  });
  const monitor = await createMonitor({ covenant, trust, sink: log });
  const request = { action: 'a', resource: '/' };
  const told = ({ receipt }) => writeSync(1, `${receipt.index}\n`);
  if (how === 'while it runs') {
    await monitor.enforce(request, () => 'done');
    told(await monitor.check(request));
    const { decision } = await monitor.admit(request);
    told(decision);
    await monitor.enforce(request, () => process.kill(process.pid, 'SIGKILL'));
  }
  const forever = async () => {
    for (;;) told(await monitor.check(request));
  };
  await Promise.all(Array.from({ length: 8 }, forever));
});
