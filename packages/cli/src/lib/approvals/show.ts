/**
 * A request for approval for a person and as JSON: all that is signed for, nothing cut, nothing that could mislead a terminal. What was
 * asked stands on no line of its own that could be one of the tool's: it is folded, and what goes on is marked.
 */
import type { ApprovalRecord } from '@stele/store';
import { fold } from '../fold.js';
import { printable } from '../output.js';
import { isExpired } from './request.js';
import type { CovenantStanding, ObligationStanding, Standing } from './standing.js';

/** Whole, with whatever could move the cursor, hide or reorder escaped. */
const whole = (text: string): string => printable(text, Number.POSITIVE_INFINITY);

/** @param columns of the terminal */
export function asText(record: ApprovalRecord, standing: Standing, columns?: number): string {
  const { request, state } = record;
  const { id, audience, agent, action, resource, context, toolDigest, requestedAt, expiresAt } = request;
  const row = (name: string, text: string) => `${name.padEnd(10)}  ${text}`;
  const quoted = (name: string, text: string) => fold(row(name, whole(text)), 10, columns);
  const indented = (text: string) => fold(`  ${whole(text)}`, 2, columns);
  return [
    row('request', id),
    row('state', isExpired(record) ? `${state}, expired` : state),
    row('asked', `${requestedAt}, counts until ${expiresAt}`),
    quoted('by', agent),
    quoted('monitor', JSON.stringify(audience)),
    quoted('action', action),
    quoted('resource', resource),
    ...toolRows(toolDigest, row),
    'context',
    ...JSON.stringify(context, null, 2).split('\n').map(indented),
    'covenants, in order',
    ...standing.covenants.flatMap((each) => covenantLines(each, indented)),
    'to be met',
    ...standing.obligations.flatMap((each) => obligationLines(each, indented)),
    `approved by  ${listed(standing.approvals)}`,
    `denied by    ${listed(standing.denials)}`,
    ...standing.unsigned.flatMap((problem) => ['what was signed does not verify', indented(problem)]),
  ].join('\n');
}

type Row = (name: string, text: string) => string;
/** A folded line of what somebody else wrote. */
type Indented = (text: string) => string;

function toolRows(digest: string | undefined, row: Row): string[] {
  if (digest !== undefined) return [row('tool', `sha256 ${digest}`)];
  return [
    row('tool', 'unknown: no tool was called, or how it is described could not be'),
    row('', 'told. An approval holds however it is described by then'),
  ];
}

const listed = (dids: readonly string[]): string => (dids.length === 0 ? 'nobody' : dids.join(', '));

function covenantLines({ id, document, problem }: CovenantStanding, indented: Indented): string[] {
  return [
    `  ${id}  ${problem === undefined ? 'holds' : 'DOES NOT HOLD'}`,
    ...(problem === undefined ? [] : [indented(`  because: ${problem}`)]),
    ...(document === undefined
      ? []
      : [indented(`  from ${named(document.issuer)}`), indented(`  for ${named(document.beneficiary)}`)]),
  ];
}

const named = ({ id, name }: { id: string; name?: string }): string =>
  name === undefined ? id : `${id} (${JSON.stringify(name)})`;

function obligationLines(
  { name, covenant, line, statement, approvers, approvedBy }: ObligationStanding,
  indented: Indented,
): string[] {
  const how =
    approvers === undefined
      ? 'whom the host of the agent names; the covenant names nobody'
      : `${approvedBy.length} of ${approvers.threshold} signatures, by any of ${approvers.keys.join(', ')}`;
  return [
    indented(name),
    `    line ${line} of ${covenant}`,
    ...(statement === undefined ? [] : statement.split('\n').map((text) => indented(`  | ${text}`))),
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
