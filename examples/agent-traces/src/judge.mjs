// Puts every recorded call before a monitor, as the host of that agent would.
import { readFileSync } from 'node:fs';
import { buildCovenant, createMonitor, generateKeyPair, MemoryLimits } from '@stele/sdk';
import { argumentFacts, sessionFacts } from './facts.mjs';

/** @typedef {import('./traces.mjs').Call} Call */
/** @typedef {{ call: Call, permitted: boolean, code: string, reason: string }} Verdict */

const owner = await generateKeyPair();
const agent = await generateKeyPair();
/** @type {Map<string, Promise<import('@stele/sdk').CovenantDocument>>} */
const covenants = new Map();

/** The signed covenant of a role. @param {string} role */
function covenantOf(role) {
  const known = covenants.get(role);
  if (known !== undefined) return known;
  const constraints = readFileSync(new URL(`../roles/${role}.ccl`, import.meta.url), 'utf8');
  const made = buildCovenant({ issuer: {}, beneficiary: { id: agent.did }, constraints, signer: owner });
  covenants.set(role, made);
  return made;
}

/**
 * Judges the calls of a run, in order. Each run is a session of its own, with limits of its own.
 * @param {{ suite: string, calls: readonly Call[] }} run
 * @returns {Promise<Verdict[]>}
 */
export async function judgeRun({ suite, calls }) {
  const covenant = await covenantOf(suite);
  const monitor = await createMonitor({
    covenant,
    trust: [owner.did],
    agent: agent.did,
    limits: new MemoryLimits(),
  });
  const verdicts = [];
  for (const [i, call] of calls.entries()) {
    const { permitted, code, reason } = await monitor.check({
      action: call.tool,
      resource: '/',
      context: {
        args: given(call.arguments),
        tool: { name: call.tool },
        session: sessionFacts(call, calls.slice(0, i)),
        facts: argumentFacts(call),
      },
    });
    verdicts.push({ call, permitted, code, reason });
  }
  await monitor.close();
  return verdicts;
}

/** An argument that is null was not given. @param {Record<string, unknown>} args */
const given = (args) => Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null));
