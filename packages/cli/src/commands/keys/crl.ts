import type { RevocationListDocument } from '@stele/core';
import { type KeyPair, type Signer, toSigner } from '@stele/crypto';
import { type Command, InvalidArgumentError } from 'commander';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { MAX_LIST_BYTES } from '../../lib/crl/bounds.js';
import { type CheckFlags, checkList } from '../../lib/crl/check.js';
import { type Entries, revocationsOf, revokedNow, ringKeys } from '../../lib/crl/entries.js';
import { authentic, makeNextList } from '../../lib/crl/series.js';
import { CliError } from '../../lib/errors.js';
import { refuseInput, writeText } from '../../lib/files.js';
import { nameOf, readBytes, refuseTwoInputs } from '../../lib/input.js';
import { KEY_OPTION, readSigner } from '../../lib/keys.js';
import { jsonText, printable } from '../../lib/output.js';
import {
  addPassphraseOptions,
  PASSPHRASE_HELP,
  type PassphraseFlags,
  passphraseInput,
} from '../../lib/passphrase.js';
import { checkReason } from '../../lib/reason.js';
import { openRing, readRing } from '../../lib/ring.js';
import { parsePoint } from '../../lib/times.js';
import { many } from '../../lib/verify-flags.js';

interface Flags extends CheckFlags, PassphraseFlags {
  readonly ring?: string;
  readonly key?: string;
  readonly nextUpdate?: string;
  readonly number?: number;
  readonly previous?: string;
  readonly retired?: true;
  readonly covenant?: string[];
  readonly reason?: string;
  readonly revocations?: string[];
  readonly out?: string;
}

export function define(command: Command, cli: Cli): void {
  addPassphraseOptions(command)
    .option('--ring <folder>', 'the key ring whose revocations are listed, and which signs')
    .option('--key <file>', `what signs instead: ${KEY_OPTION}; the passphrase is its own then`)
    .option('--next-update <time>', 'until when it is to be relied on: a span from now (7d), a day or a time')
    .option(
      '--number <n>',
      'its number, higher than that of every list before; the next one if not given',
      listNumber,
    )
    .option('--previous <file>', 'a list that came before; its entries are kept, and the number follows it')
    .option(
      '--retired',
      'also list the keys that have retired; their signatures then need evidence of their age',
    )
    .addOption(many('--covenant <id>', 'a covenant that is revoked now, by its id or its file; repeatable'))
    .option('--reason <text>', 'why, for --covenant')
    .addOption(many('--revocations <file>', 'signed revocations to list, one or an array; repeatable'))
    .option('--out <file>', 'where the list goes; standard output if not given')
    .option('--check <file>', 'check a list instead of making one')
    .addOption(many('--issuer <did>', 'with --check: whose lists you go by; repeatable'))
    .option(
      '--highest-seen <n>',
      'with --check: the highest number that you have seen of this issuer',
      listNumber,
    )
    .addHelpText('after', HELP)
    .action(cli.does((flags: Flags) => crl(flags, cli)));
}

const HELP = `
A list is whole: what was ever listed stays. The last one is kept in the ring's folder, so that its entries and its number go on.
Keys that the ring has revoked are listed as compromised. Whoever signs the list vouches for the covenants on it.
--check exits with 1 for a list that is not in force; what such a list names is revoked all the same.
${PASSPHRASE_HELP}

Examples:
  $ stele keys crl --ring ring --passphrase-file passphrase --next-update 7d --out crl.json
  $ stele keys crl --check crl.json --issuer did:key:z6Mk…`;

const MAKING = [
  'ring',
  'key',
  'nextUpdate',
  'number',
  'previous',
  'retired',
  'covenant',
  'reason',
  'revocations',
  'out',
];
const CHECKING = ['issuer', 'highestSeen'];

async function crl(flags: Flags, cli: Cli): Promise<ExitCode> {
  const { check } = flags;
  refuseOthers(flags, check === undefined ? CHECKING : MAKING, check === undefined ? 'without' : 'with');
  return check === undefined ? make(flags, cli) : checkList(check, flags, cli);
}

function refuseOthers(flags: Flags, names: readonly string[], how: string): void {
  const given = names.find((name) => Object.hasOwn(flags, name));
  if (given === undefined) return;
  const option = given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new CliError('usage', `--${option} means nothing ${how} --check`, 'leave it out');
}

async function make(flags: Flags, cli: Cli): Promise<ExitCode> {
  const { ring, out, number, previous } = flags;
  if (ring === undefined) throw new CliError('usage', 'name the key ring: --ring <folder>');
  if (flags.nextUpdate === undefined)
    throw new CliError(
      'usage',
      'say when the next list comes: --next-update <time>',
      'for example --next-update 7d',
    );
  const nextUpdate = parsePoint(flags.nextUpdate, '--next-update');
  refuseTwoInputs(passphraseInput(flags), previous, ...(flags.revocations ?? []), ...(flags.covenant ?? []));
  if (out !== undefined)
    await refuseInput(out, '--out', [
      flags.key,
      flags.passphraseFile,
      ...(flags.revocations ?? []),
      ...(flags.covenant ?? []),
    ]);
  const covenants = await covenantsOf(flags, cli);
  const signer = await signerOf(ring, flags, cli);
  const description = await readRing(ring);
  const own = [issuerOf(signer), ...description.keys.map(({ did }) => did)];
  const before = previous === undefined ? undefined : await readList(previous, own, cli);
  const keys = ringKeys(description, flags.retired === true);
  const list = await makeNextList({
    ring,
    signer,
    nextUpdate,
    number,
    previous: before,
    entries: { keys, covenants },
  });
  await emit(list, flags, cli);
  return 0;
}

function signerOf(ring: string, flags: Flags, cli: Cli): Promise<KeyPair | Signer> {
  if (flags.key !== undefined) return readSigner(flags.key, flags, cli);
  return openRing(ring, flags, cli).then(({ manager }) => manager.signer);
}

async function covenantsOf(
  { covenant = [], reason, revocations = [] }: Flags,
  cli: Cli,
): Promise<Entries['covenants']> {
  if (covenant.length > 0 !== (reason !== undefined))
    throw new CliError(
      'usage',
      '--covenant and --reason go together',
      'a signed revocation brings its own reason',
    );
  const found: Entries['covenants'] = [];
  for (const named of covenant)
    found.push(await revokedNow(named, checkReason(reason as string), cli.streams));
  for (const path of revocations) found.push(...(await revocationsOf(path, cli.streams)));
  return found;
}

const issuerOf = (signer: KeyPair | Signer) => toSigner(signer).keyId.split('#')[0] as string;

/** A list of a stranger would put what it likes onto ours. */
async function readList(path: string, own: readonly string[], cli: Cli): Promise<RevocationListDocument> {
  const list = await authentic(await readBytes(path, cli.streams, MAX_LIST_BYTES), nameOf(path));
  if (own.includes(list.issuer)) return list;
  throw new CliError(
    'list_invalid',
    `${nameOf(path)} was not issued by a key of this ring`,
    'name a list of its own',
  );
}

async function emit(list: RevocationListDocument, { out, json }: Flags, cli: Cli): Promise<void> {
  if (out === undefined) return cli.print(json ? jsonText(list) : JSON.stringify(list, null, 2));
  await writeText(out, `${JSON.stringify(list, null, 2)}\n`);
  const { issuer, number, issuedAt, nextUpdate, keys, covenants } = list;
  const counts = { keys: keys.length, covenants: covenants.length };
  if (json) return cli.print(jsonText({ issuer, number, issuedAt, nextUpdate, ...counts, file: out }));
  cli.print(`issuer       ${issuer}\nnumber       ${number}\nnext update  ${nextUpdate}`);
  cli.print(
    `revoked      ${counts.keys} keys, ${counts.covenants} covenants\nfile         ${printable(out)}`,
  );
}

function listNumber(text: string): number {
  const number = Number(text);
  if (/^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new InvalidArgumentError('It must be a whole number from 1 up.');
}
