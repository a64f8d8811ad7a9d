import manifest from '../../../package.json' with { type: 'json' };
import { CliError } from '../errors.js';
import { messageOf } from '../input.js';
import { printable } from '../output.js';
import { isParams, METHOD_NOT_FOUND, RpcError } from './messages.js';
import { Peer } from './peer.js';
import type { Transport } from './sdk.js';
import { type ListedTool, ToolLister } from './tool-list.js';

const PROTOCOL_VERSION = '2025-06-18';
const TIMEOUT_MS = 60_000;

/**
 * The tools that a server offers now. It is asked for nothing else.
 * @throws CliError `upstream_failed`
 */
export async function listTools(
  transport: Transport,
  onProblem: (error: unknown) => void,
): Promise<readonly ListedTool[]> {
  const peer = new Peer(transport, {
    request: async () => {
      throw new RpcError(METHOD_NOT_FOUND, 'Method not found');
    },
    notification: () => undefined,
    closed: () => undefined,
    problem: onProblem,
  });
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    await transport.start();
    const initialize = {
      protocolVersion: PROTOCOL_VERSION,
      capabilities: {},
      clientInfo: { name: 'stele', version: manifest.version },
    };
    const answer = await peer.request('initialize', initialize, { signal });
    if (isParams(answer) && typeof answer.protocolVersion === 'string')
      transport.setProtocolVersion?.(answer.protocolVersion);
    peer.notify('notifications/initialized', {});
    return await new ToolLister((params) => peer.request('tools/list', params, { signal })).all();
  } catch (error) {
    throw upstreamFailed(error);
  } finally {
    await transport.close();
  }
}

export const upstreamFailed = (error: unknown) =>
  new CliError(
    'upstream_failed',
    `the upstream server cannot be asked: ${printable(messageOf(error), 200)}`,
    'look at what it says on standard error',
  );
