/** A request for approval for a person and as JSON: all that is signed for, nothing cut, nothing that could mislead a terminal. */
import type { ApprovalRecord } from '@stele/store';
import { printable } from '../output.js';
import { isExpired } from './request.js';
import type { CovenantStanding, ObligationStanding, Standing } from './standing.js';

/** Whole, with whatever could move the cursor, hide or reorder escaped. */
const whole = (text: string): string => printable(text, Number.POSITIVE_INFINITY);

export function asText(record: ApprovalRecord, standing: Standing): string {
  const { request, state } = record;
  const { id, audience, agent, action, resource, context, toolDigest, requestedAt, expiresAt } = request;
  const rows: [string, string][] = [
    ['request', id],
    ['state', isExpired(record) ? `${state}, expired` : state],
    ['asked', `${requestedAt}, counts until ${expiresAt}`],
    ['by', `${whole(agent)}, of the monitor ${JSON.stringify(whole(audience))}`],
    ['action', whole(action)],
    ['resource', whole(resource)],
    ...(toolDigest === undefined ? [] : [['tool', `sha256 ${toolDigest}`] as [string, string]]),
  ];
  return [
    ...rows.map(([name, value]) => `${name.padEnd(10)}  ${value}`),
    'context',
    ...JSON.stringify(context, null, 2).split('\n').map(indented),
    'covenants, in order',
    ...standing.covenants.flatMap(covenantLines),
    'to be met',
    ...standing.obligations.flatMap(obligationLines),
    `approved by  ${listed(standing.approvals)}`,
    `denied by    ${listed(standing.denials)}`,
    ...standing.unsigned.map((problem) => `what was signed does not verify: ${whole(problem)}`),
  ].join('\n');
}

const indented = (line: string): string => `  ${whole(line)}`;
const listed = (dids: readonly string[]): string => (dids.length === 0 ? 'nobody' : dids.join(', '));

function covenantLines({ id, document, problem }: CovenantStanding): string[] {
  const holds = problem === undefined ? 'holds' : `DOES NOT HOLD: ${whole(problem)}`;
  const parties = document && `    from ${named(document.issuer)} for ${named(document.beneficiary)}`;
  return [`  ${id}  ${holds}`, ...(parties === undefined ? [] : [parties])];
}

const named = ({ id, name }: { id: string; name?: string }): string =>
  name === undefined ? whole(id) : `${whole(id)} (${JSON.stringify(whole(name))})`;

function obligationLines({ name, covenant, line, statement, approvers, approvedBy }: ObligationStanding) {
  const how =
    approvers === undefined
      ? 'whom the host of the agent names; the covenant names nobody'
      : `${approvedBy.length} of ${approvers.threshold} signatures, by any of ${approvers.keys.join(', ')}`;
  return [
    `  ${name}, line ${line} of ${covenant}`,
    ...(statement === undefined ? [] : statement.split('\n').map((text) => `    ${whole(text)}`)),
    `    approvers: ${how}`,
  ];
}

export function asJson(record: ApprovalRecord, standing: Standing): object {
  const { request, state } = record;
  const { covenants, obligations, approvals, denials, unsigned } = standing;
  return {
    request,
    state,
    expired: isExpired(record),
    covenants: covenants.map(({ id, document, problem }) => ({
      id,
      ...(document && { issuer: document.issuer, beneficiary: document.beneficiary }),
      ...(problem !== undefined && { problem }),
    })),
    obligations,
    approvals,
    denials,
    unsigned,
  };
}
