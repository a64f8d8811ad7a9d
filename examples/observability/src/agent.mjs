/** A guarded agent: its owner's key, a store, and a monitor that judges what it does. */
import { createLogger, KeyManager, MemoryStore, observeKeyManager, SteleClient } from '@stele/sdk';

const CONSTRAINTS = `permit payments.refund on '/orders/**' when args.amount <= 200
permit orders.read on '/orders/**'
limit payments.refund on '/orders/**' 2 per 1 hours
require human.approval for payments.refund on '/orders/**' when args.amount > 100`;

export async function startAgent() {
  const keys = new KeyManager();
  await keys.initialize();
  const endObservation = observeKeyManager(keys);
  const store = new MemoryStore();
  const owner = new SteleClient({ store, signer: keys.signer });
  const covenant = await owner.issue({
    beneficiary: { id: 'urn:example:refunds' },
    constraints: CONSTRAINTS,
  });
  const monitor = await owner.monitor(covenant.id, {
    obligations: { 'human.approval': () => 'pending' }, // nobody is there to ask
  });
  return {
    keys,
    store,
    monitor,
    async close() {
      endObservation();
      await monitor.close();
      await store.close();
    },
  };
}

const logger = createLogger({ prefix: 'observability', level: 'warn' });

/**
 * One busy minute: reads, refunds, one that waits for a person, one too many, and something that nobody allowed.
 * @param {import('@stele/sdk').Monitor} monitor
 */
export async function work(monitor) {
  const refund = (/** @type {number} */ amount) => request('payments.refund', { amount });
  const wanted = [
    request('orders.read', {}),
    ...[20, 30, 150, 40, 5_000].map(refund),
    request('files.read', {}),
  ];
  for (const each of wanted) {
    try {
      await monitor.enforce(each, async () => 'done');
    } catch (error) {
      const { code } = /** @type {{ code: string }} */ (error);
      logger.info('Refused', { code });
    }
  }
}

const request = (/** @type {string} */ action, /** @type {object} */ args) => ({
  action,
  resource: '/orders/7',
  context: { args },
});
