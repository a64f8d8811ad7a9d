/** How a request for approval stands: what its covenants say of it today, and who has signed. */
import { compile } from '@stele/ccl';
import {
  type ApprovalDocument,
  type Approvers,
  type CovenantDocument,
  verifyApproval,
  verifyCovenant,
} from '@stele/core';
import type { ApprovalRecord, BackedStore } from '@stele/store';
import { isSteleError } from '@stele/types/errors';

/** A covenant that governs the call. */
export interface CovenantStanding {
  readonly id: string;
  readonly document: CovenantDocument | undefined;
  /** Why it must not be relied on: it is revoked, expired, not there. */
  readonly problem: string | undefined;
}

/** A `require` that is to be met. */
export interface ObligationStanding {
  readonly name: string;
  readonly covenant: string;
  readonly line: number;
  /** The statement as its covenant has it. */
  readonly statement: string | undefined;
  /** Whom the covenant names; undefined where it names nobody, and the host of the agent does. */
  readonly approvers: Approvers | undefined;
  /** Those of them who have approved. */
  readonly approvedBy: readonly string[];
}

export interface Standing {
  readonly covenants: readonly CovenantStanding[];
  readonly obligations: readonly ObligationStanding[];
  /** Everybody whose signature verifies, whether or not they may approve. */
  readonly approvals: readonly string[];
  readonly denials: readonly string[];
  /** Why what was signed does not verify, where it does not: then nobody has signed. */
  readonly unsigned: readonly string[];
  /** Those whose call it is: the agent, and through whom it was delegated. They never count as approvers. */
  readonly beneficiaries: readonly string[];
}

export interface StandingOptions {
  /** Covenants that are not in the store, by their ids. */
  readonly given: ReadonlyMap<string, CovenantDocument>;
  /** did:keys of the roots; not looked at when not given. */
  readonly trust: readonly string[] | undefined;
  readonly now: Date;
}

export async function standingOf(
  record: ApprovalRecord,
  store: BackedStore,
  options: StandingOptions,
): Promise<Standing> {
  const { request } = record;
  const covenants: CovenantStanding[] = [];
  for (const id of request.covenants) covenants.push(await covenantStanding(id, store, options));
  const documents = covenants.flatMap(({ document }) => (document === undefined ? [] : [document]));
  const beneficiaries = [...new Set([request.agent, ...documents.map((each) => each.beneficiary.id)])];
  const [approval, denial] = [await signersOf(record.approval), await signersOf(record.denial)];
  const obligations = request.obligations.map((obligation) => {
    const document = documents.find(({ id }) => id === obligation.covenant);
    const approvers = document && approversOf(document, obligation.name);
    const may = (did: string) => approvers?.keys.includes(did) === true && !beneficiaries.includes(did);
    return {
      ...obligation,
      statement: document && statementAt(document, obligation.line),
      approvers,
      approvedBy: approval.signers.filter(may),
    };
  });
  return {
    covenants,
    obligations,
    approvals: approval.signers,
    denials: denial.signers,
    unsigned: [approval, denial].flatMap(({ problem }) => (problem === undefined ? [] : [problem])),
    beneficiaries,
  };
}

async function covenantStanding(
  id: string,
  store: BackedStore,
  { given, trust, now }: StandingOptions,
): Promise<CovenantStanding> {
  const find = async (wanted: string) => given.get(wanted) ?? (await store.get(wanted));
  try {
    const document = await find(id);
    if (document === undefined) return { id, document, problem: 'it is not in the store' };
    const { checks } = await verifyCovenant(document, {
      now,
      resolve: find,
      revocations: (of) => store.getRevocations(of),
      ...(trust === undefined ? {} : { trust: [...trust] }),
    });
    const failed = checks.find(
      ({ name, passed, warning }) => !passed && !warning && (name !== 'trust' || trust !== undefined),
    );
    return { id, document, problem: failed && `${failed.name}: ${failed.message}` };
  } catch (error) {
    if (!isSteleError(error) || error.code !== 'record_corrupt') throw error;
    return { id, document: undefined, problem: 'its record in the store cannot be read' };
  }
}

/** Expiry is looked at elsewhere: who has signed does not change by it. */
async function signersOf(
  document: ApprovalDocument | undefined,
): Promise<{ signers: string[]; problem?: string }> {
  if (document === undefined) return { signers: [] };
  const now = new Date(Date.parse(document.request.requestedAt));
  const check = await verifyApproval(document, { request: document.request, now });
  return check.valid ? { signers: check.signers } : { signers: [], problem: check.reason };
}

function approversOf({ approvers }: CovenantDocument, name: string): Approvers | undefined {
  return approvers !== undefined && Object.hasOwn(approvers, name) ? approvers[name] : undefined;
}

function statementAt({ constraints }: CovenantDocument, line: number): string | undefined {
  try {
    return compile(constraints).statements.find((statement) => statement.line === line)?.text;
  } catch {
    return undefined;
  }
}
