/** The rules that a command judges by: a bare CCL file, or a signed covenant with its chain. */
import type { Policy } from '@stele/ccl';
import type { Verification } from '@stele/sdk';
import { compileText } from './ccl-file.js';
import type { Streams } from './cli.js';
import { readText } from './input.js';
import { refuseVerifyFlags, type VerifyFlags } from './verify-flags.js';

/** The rules of one covenant of a chain. */
export interface RuleSet {
  /** The covenant's id; undefined for a bare CCL file. */
  readonly covenant: string | undefined;
  readonly policy: Policy;
}

export type Rules =
  /** The root first; all of them must permit. */
  | { readonly sets: readonly RuleSet[]; readonly verification?: Verification }
  | { readonly sets?: undefined; readonly verification: Verification };

/**
 * Compiles a `.ccl` file, or verifies a `.json` covenant. A covenant that is not valid gives no rules.
 * @throws CliError for what cannot be read, CclSyntaxError
 */
export async function loadRules(path: string, flags: VerifyFlags, streams: Streams): Promise<Rules> {
  if (!/\.json$/i.test(path)) {
    refuseVerifyFlags(flags);
    return { sets: [{ covenant: undefined, policy: compileText(await readText(path, streams), path) }] };
  }
  const { verifyFile } = await import('./verification.js');
  const verification = await verifyFile(path, flags, streams);
  if (verification.covenant === undefined) return { verification };
  const sets = verification.covenant.chain.map(({ document, policy }) => ({ covenant: document.id, policy }));
  return { sets, verification };
}
