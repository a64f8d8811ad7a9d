/** How a covenant is to be verified: the same options wherever a command takes a signed one. */
import { type Command, Option } from 'commander';
import { CliError } from './errors.js';

/** The options that `addVerifyOptions` defines, as commander hands them over. */
export interface VerifyFlags {
  readonly trust?: string[];
  readonly parent?: string[];
  readonly revocation?: string[];
  readonly revocationList?: string[];
  readonly listIssuer?: string[];
  readonly requireRevocationList?: true;
  readonly continuity?: string[];
  readonly followContinuity?: true;
  readonly countersigner?: string[];
  readonly now?: string;
}

const FLAGS = [
  'trust',
  'parent',
  'revocation',
  'revocationList',
  'listIssuer',
  'requireRevocationList',
  'continuity',
  'followContinuity',
  'countersigner',
  'now',
] as const;

/** An option that may be given several times. */
export function many(flags: string, description: string): Option {
  return new Option(flags, description).argParser((value: string, before: string[] = []) => [
    ...before,
    value,
  ]);
}

export function addVerifyOptions(command: Command): Command {
  return command
    .addOption(many('--trust <did>', 'a did:key trusted as issuer or as root of the chain; repeatable'))
    .addOption(
      many(
        '--parent <file>',
        'a covenant of the chain above, its reissue, or what the covenant reissues; repeatable',
      ),
    )
    .addOption(many('--revocation <file>', 'a revocation to look at; repeatable'))
    .addOption(many('--revocation-list <file>', 'a revocation list to look at; repeatable'))
    .addOption(many('--list-issuer <did>', 'a did:key whose revocation lists you go by; repeatable'))
    .option(
      '--require-revocation-list',
      'deny unless the newest list of every --list-issuer is there and in force',
    )
    .addOption(many('--continuity <file>', 'which key follows which: one statement or an array; repeatable'))
    .option('--follow-continuity', 'also trust the keys that have followed those of --trust')
    .addOption(many('--countersigner <did>', 'a did:key whose signature is demanded; repeatable'))
    .option('--now <time>', 'verify as of this time (2027-02-19T03:00:00Z) instead of the present');
}

const optionOf = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * For a file that is not signed: options that could not do anything are an error, not ignored.
 * @throws CliError `usage`
 */
export function refuseVerifyFlags(flags: VerifyFlags): void {
  const given = FLAGS.find((name) => flags[name] !== undefined);
  if (given === undefined) return;
  throw new CliError(
    'usage',
    `--${optionOf(given)} needs a signed covenant (.json)`,
    'leave it out for a bare .ccl file',
  );
}
