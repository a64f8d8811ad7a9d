import { checkApproval } from '@stele/core';
import { checkIntegrity, checkRevocation } from '@stele/sdk';
import type { ApprovalRecord, BackedStore } from '@stele/store';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { addEncryptionOptions, ENCRYPTION_HELP, readEncryptionKeys } from '../../lib/encryption-keys.js';
import { count, jsonText } from '../../lib/output.js';
import { Findings } from '../../lib/store/findings.js';
import { addProgressOptions, progressOf, STORE_ARGUMENT, type StoreFlags } from '../../lib/store/flags.js';
import { approvalsOf, countAll, covenantsOf, revocationsOf } from '../../lib/store/walk.js';
import { openNamedStore } from '../../lib/stores.js';

export function define(command: Command, cli: Cli): void {
  addProgressOptions(addEncryptionOptions(command.argument('<store>', STORE_ARGUMENT)))
    .addHelpText('after', HELP)
    .action(cli.does((name: string, flags: StoreFlags) => verify(name, flags, cli)));
}

const HELP = `
Opens every covenant, revocation and approval: that it can be read, hashes to its id, and is signed as it says. Each that is not is
printed with its code, and the rest is looked at all the same. That records were deleted, or that the whole store was brought back
to an earlier state, cannot be seen; nor is it asked who is trusted, which \`stele verify\` does.
Exit codes: 0 if all is good, 1 if something was found, 2 if the store could not be read.
${ENCRYPTION_HELP}

Examples:
  $ stele store verify covenants
  $ stele store verify 'postgres://stele@db.example/app?schema=stele' --encryption-key-file store.key`;

interface Counts {
  covenants: number;
  revocations: number;
  approvals: number;
}

async function verify(name: string, flags: StoreFlags, cli: Cli): Promise<ExitCode> {
  const keys = await readEncryptionKeys(flags);
  const { store, shown } = await openNamedStore(name, { keys });
  try {
    const findings = new Findings(cli, flags.json === true);
    const good = await checkAll(store, findings, flags, cli);
    const ok = findings.count === 0;
    if (flags.json) cli.print(jsonText({ store: shown, ok, good, bad: findings.count, ...findings.report }));
    else
      cli.print(
        `${count(good.covenants)} covenants, ${count(good.revocations)} revocations and ${count(good.approvals)} approvals are good, ${count(findings.count)} bad`,
      );
    return ok ? 0 : 1;
  } finally {
    await store.close();
  }
}

/** @returns how many are good */
async function checkAll(
  store: BackedStore,
  findings: Findings,
  flags: StoreFlags,
  cli: Cli,
): Promise<Counts> {
  const progress = progressOf('verify', await countAll(store), flags, cli);
  findings.progress = progress;
  let done = 0;
  const passed = () => progress.at(++done, done);
  try {
    const covenants = await checkCovenants(store, findings, passed);
    const revocations = await checkRevocations(store, findings, passed);
    return { covenants, revocations, approvals: await checkApprovals(store, findings, passed) };
  } finally {
    progress.clear();
  }
}

/** What is done with a record that cannot be read: it is named, and the walk goes on. */
const noting = (findings: Findings, passed: () => void) => (error: Parameters<Findings['addError']>[0]) => {
  findings.addError(error);
  passed();
};

async function checkCovenants(store: BackedStore, findings: Findings, passed: () => void): Promise<number> {
  let good = 0;
  for await (const { kind, id, document } of covenantsOf(store, noting(findings, passed))) {
    const { valid, checks } = await checkIntegrity(document);
    const failed = checks.find((check) => !check.passed)?.name ?? 'structure';
    if (valid) good++;
    else findings.add({ kind, id, code: 'document_refused', check: failed });
    passed();
  }
  return good;
}

/** More than these make a covenant unreliable: no store hands them out. */
const MAX_REVOCATIONS = 1000;

async function checkRevocations(store: BackedStore, findings: Findings, passed: () => void): Promise<number> {
  let good = 0;
  let [covenant, ofCovenant] = ['', 0];
  for await (const { kind, id, document } of revocationsOf(store, noting(findings, passed))) {
    if (document.covenant !== covenant) [covenant, ofCovenant] = [document.covenant, 0];
    if (++ofCovenant === MAX_REVOCATIONS + 1)
      findings.add({ kind: 'covenant', id: covenant, code: 'revocation_limit' });
    if ((await checkRevocation(document)).valid) good++;
    else findings.add({ kind, id, code: 'revocation_refused' });
    passed();
  }
  return good;
}

async function checkApprovals(store: BackedStore, findings: Findings, passed: () => void): Promise<number> {
  let good = 0;
  for await (const { kind, id, document } of approvalsOf(store, noting(findings, passed))) {
    if (await isSigned(document)) good++;
    else findings.add({ kind, id, code: 'approval_refused' });
    passed();
  }
  return good;
}

async function isSigned({ approval, denial }: ApprovalRecord): Promise<boolean> {
  for (const document of [approval, denial])
    if (document !== undefined && !(await checkApproval(document)).valid) return false;
  return true;
}
