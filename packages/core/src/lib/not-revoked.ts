/** Whether a covenant, an ancestor or a covenant of their lines is revoked, by documents of its own or by lists. */
import type { CheckResult, CovenantDocument } from '../types.js';
import type { Context } from './context.js';
import { type Facts, messageOf } from './facts.js';
import { reissuesOf } from './lines.js';
import { judgeRevocations, type RevocationFinding } from './revocations.js';

/** The check `not_revoked` of a chain, the root first; undefined when nothing was asked and nothing is to be said. */
export async function notRevoked(
  links: readonly Facts[],
  context: Context,
): Promise<CheckResult | undefined> {
  const { shortfall } = context;
  if (shortfall !== undefined) return unknown(shortfall);
  if (context.continuities.overflow !== undefined) return unknown(context.continuities.overflow);
  const authorised = new Set(context.revokers);
  const notes: string[] = [];
  for (const link of links) {
    try {
      const after = context.lookups.canFindReissues ? await reissuesOf(link, context) : [];
      // One promise: whoever revokes one covenant of a line has revoked it.
      const members = [...(link.line ?? []), link, ...after];
      const issuers = members.map(({ document }) => (document as CovenantDocument).issuer.id);
      const heirs = context.continuities.isEmpty ? issuers : await context.continuities.heirs(issuers);
      for (const did of heirs) authorised.add(did);
      for (const { document } of members) {
        const finding = await judged(document as CovenantDocument, authorised, context);
        if (finding.unreadable) return unknown(finding.message);
        if (finding.revoked) return { name: 'not_revoked', passed: false, message: finding.message };
        if (finding.message !== '') notes.push(finding.message);
      }
    } catch (error) {
      return unknown(`the revocations of ${link.document?.id} cannot be looked up: ${messageOf(error)}`);
    }
  }
  return notes.length === 0 ? undefined : { name: 'not_revoked', passed: true, message: notes.join('; ') };
}

async function judged(
  document: CovenantDocument,
  authorised: ReadonlySet<string>,
  { options, lists }: Context,
): Promise<RevocationFinding> {
  const unreadable = lists.unreadable(authorised);
  if (unreadable !== undefined) return { revoked: false, unreadable: true, message: unreadable };
  const { entry, by, ignored } = lists.covenant(document.id, authorised);
  if (entry !== undefined) {
    const message = `${document.id} was revoked at ${entry.revokedAt}, says the revocation list of ${by}`;
    return { revoked: true, unreadable: false, message };
  }
  const found = options.revocations === undefined ? [] : await options.revocations(document.id);
  const finding = await judgeRevocations(document, found, authorised);
  if (ignored === 0 || finding.revoked || finding.unreadable) return finding;
  const note = `${ignored} revocation lists by parties without the right to revoke ${document.id} ignored`;
  return { ...finding, message: finding.message === '' ? note : `${finding.message}; ${note}` };
}

const unknown = (message: string): CheckResult => ({
  name: 'not_revoked',
  passed: false,
  code: 'revocation_unknown',
  message,
});
