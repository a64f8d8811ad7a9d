// A process with a monitor of its own that counts in a file: checks one request so often at once, and tells the codes.
import { createMonitor } from '@stele/sdk';
import { SqliteLimits } from '@stele/store';

process.once('message', async ({ path, covenant, trust, request, count }) => {
  const limits = new SqliteLimits(path);
  const monitor = await createMonitor({ covenant, trust, limits });
  const decisions = await Promise.all(Array.from({ length: count }, () => monitor.check(request)));
  process.send(decisions.map(({ code }) => code));
  await limits.close();
  process.disconnect();
});
