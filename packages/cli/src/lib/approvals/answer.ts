/** Answering a request: show it, look whether the signature would count, ask, sign, keep. */
import { signApproval } from '@stele/core';
import { toSigner } from '@stele/crypto';
import type { ApprovalRecord, BackedStore } from '@stele/store';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../cli.js';
import { confirm } from '../confirm.js';
import { ENCRYPTION_HELP } from '../encryption-keys.js';
import { CliError } from '../errors.js';
import { fold } from '../fold.js';
import { refuseTwoInputs } from '../input.js';
import { KEY_OPTION, readSigner } from '../keys.js';
import { jsonText, printable } from '../output.js';
import {
  addPassphraseOptions,
  PASSPHRASE_HELP,
  type PassphraseFlags,
  passphraseInput,
} from '../passphrase.js';
import { addCovenantOptions, type CovenantFlags, givenCovenants } from './covenants.js';
import { type Answer, refusalsOf } from './refusals.js';
import { type ApprovalFlags, addStoreOption, REQUEST_ARGUMENT, readRequest, withStore } from './request.js';
import { asJson, asText } from './show.js';
import { type Standing, standingOf } from './standing.js';

interface AnswerFlags extends ApprovalFlags, PassphraseFlags, CovenantFlags {
  readonly key: string;
  readonly hostApprover?: true;
  readonly yes?: true;
}

type Verdict = Answer['verdict'];

/** Defines `approve` or `deny`. */
export function defineAnswer(command: Command, cli: Cli, verdict: Verdict, help: string): void {
  addCovenantOptions(
    addPassphraseOptions(addStoreOption(command.argument('<request>', REQUEST_ARGUMENT))).requiredOption(
      '--key <file>',
      `what signs: ${KEY_OPTION}`,
    ),
  )
    .option('--host-approver', 'the key is one that the host of the agent names, and no covenant')
    .option('--yes', 'do not ask whether it is meant')
    .addHelpText('after', `${help}\n${PASSPHRASE_HELP}\n${ENCRYPTION_HELP}`)
    .action(cli.does((id: string, flags: AnswerFlags) => answer(id, verdict, flags, cli)));
}

async function answer(id: string, verdict: Verdict, flags: AnswerFlags, cli: Cli): Promise<ExitCode> {
  // What is signed must have been seen, and JSON is on standard output as a whole, at the end.
  if (flags.json && !flags.yes)
    throw new CliError('usage', '--json shows nothing before it is signed', 'look first, then add --yes');
  const files = flags.covenant ?? [];
  refuseTwoInputs(passphraseInput(flags), ...files);
  const given = await givenCovenants(flags, cli.streams);
  return withStore(flags, async (store) => {
    const record = await readRequest(store, id);
    const options = { given, trust: flags.trust, now: new Date() };
    const standing = await standingOf(record, store, options);
    if (!flags.json) cli.print(asText(record, standing, cli.streams.stdout.columns));
    const signer = toSigner(await readSigner(flags.key, flags, cli), 'approval');
    const did = signer.keyId.slice(0, signer.keyId.indexOf('#'));
    const refusals = refusalsOf(record, standing, {
      verdict,
      did,
      isHostApprover: flags.hostApprover === true,
    });
    if (!flags.json) cli.print(`your key    ${did}, ${rightsOf(standing, did)}`);
    if (refusals.length > 0) {
      if (flags.json)
        cli.print(jsonText({ signed: false, verdict, key: did, refusals, ...asJson(record, standing) }));
      else
        for (const { message } of refusals)
          cli.print(fold(`not signed: ${printable(message, 4_000)}`, 10, cli.streams.stdout.columns));
      return 1;
    }
    await confirm(`this signs to ${verdict} the call above`, flags.yes === true, cli);
    const signed = await keep(record, verdict, signer, store);
    const after = await standingOf(signed, store, options);
    if (flags.json) cli.print(jsonText({ signed: true, verdict, key: did, ...asJson(signed, after) }));
    else cli.print(summary(verdict, after));
    return 0;
  });
}

/** Signs the very object that was shown. */
async function keep(
  { request }: ApprovalRecord,
  verdict: Verdict,
  signer: ReturnType<typeof toSigner>,
  { approvals }: BackedStore,
): Promise<ApprovalRecord> {
  return approvals.sign(await signApproval(request, { verdict, signer }));
}

function rightsOf({ obligations }: Standing, did: string): string {
  const names = obligations.filter(({ approvers }) => approvers?.keys.includes(did)).map(({ name }) => name);
  return names.length === 0
    ? 'which no covenant names as an approver'
    : `an approver of ${[...new Set(names)].join(', ')}`;
}

function summary(verdict: Verdict, { obligations }: Standing): string {
  if (verdict === 'deny') return 'signed: the call is denied, for good';
  const met = obligations.map(({ name, approvers, approvedBy }) =>
    approvers === undefined
      ? `${name} as the host says`
      : `${name} ${approvedBy.length} of ${approvers.threshold}`,
  );
  return `signed: ${met.join(', ')}`;
}
