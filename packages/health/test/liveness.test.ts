import assert from 'node:assert/strict';
import { it } from 'vitest';
import { liveness } from '../src/index.js';

it('says that it lives, when, and for how long', () => {
  const before = Date.now();
  const { alive, timestamp, uptimeSeconds } = liveness();
  assert.equal(alive, true);
  assert.ok(Date.parse(timestamp) >= before && Date.parse(timestamp) <= Date.now());
  assert.ok(uptimeSeconds > 0 && uptimeSeconds <= process.uptime());
});
