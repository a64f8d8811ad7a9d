import { checkTypes, type VerifyOptions } from './lib/context.js';
import { type Facts, missingSigner } from './lib/facts.js';
import { timing } from './lib/time.js';
import { type VerifiedCovenant, verdictOf } from './lib/verified.js';

/** A span of time in milliseconds since 1970: `from` belongs to it, `until` does not. */
export interface Period {
  readonly from: number;
  readonly until: number;
}

/** What a verification with these options looks up, or reads of what the host may change: only what was given counts. */
const LOOKED_AT = [
  'revocations',
  'keyStatus',
  'revocationLists',
  'requireRevocationList',
  'continuity',
  'followContinuity',
  'reissues',
] as const satisfies readonly (keyof VerifyOptions)[];

/**
 * When a covenant that was verified holds with these options, where the time alone decides: `verifyCovenant` with the same
 * options says that it is valid at every time in this period and at no other. Whoever asks at each decision need not ask then.
 *
 * @returns undefined where anything but the time could change the answer, or where it is no
 * @throws TypeError or RangeError for options of the wrong type
 */
export function standingPeriod(covenant: VerifiedCovenant, options: VerifyOptions = {}): Period | undefined {
  checkTypes(options);
  const links = verdictOf(covenant)?.links;
  if (links === undefined || LOOKED_AT.some((name) => options[name] !== undefined)) return undefined;
  const { skew } = timing(options);
  if (!isTrusted(links, options.trust) || !links.every(isHeir)) return undefined;
  if (missingSigner(options.countersigners ?? [], (links.at(-1) as Facts).signers) !== undefined)
    return undefined;
  const begins = links.flatMap(({ start, createdAt }) => [start, createdAt]);
  const ends = links.flatMap(({ end, issuerExpires, othersExpire }) => [end, issuerExpires, othersExpire]);
  return { from: Math.max(...begins) - skew, until: Math.min(...ends) + skew };
}

const isTrusted = (links: readonly Facts[], trust: VerifyOptions['trust']): boolean =>
  trust === undefined || [links[0], links.at(-1)].some((link) => trust.includes(issuerOf(link)));

/** Issued by the beneficiary of its parent: by one who follows that key it is only as long as continuity says so. */
const isHeir = (link: Facts, i: number, links: readonly Facts[]): boolean =>
  i === 0 || issuerOf(link) === links[i - 1]?.document?.beneficiary.id;

const issuerOf = (link: Facts | undefined): string => link?.document?.issuer.id as string;
