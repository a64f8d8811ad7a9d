import {
  buildRevocationList,
  generateKeyPair,
  type KeyPair,
  type KeyRing,
  type RevocationListDocument,
  RevocationListKeeper,
  type RevocationListKeeperOptions,
} from '../../src/index.js';
import { Clock, HOUR, NOW } from '../support.js';

export type ListChanges = Partial<Parameters<typeof buildRevocationList>[0]>;

/** Two list issuers, a stranger, and a clock that stands still. */
export class Scene {
  readonly clock = new Clock();

  private constructor(
    readonly issuer: KeyPair,
    readonly rival: KeyPair,
    readonly stranger: KeyPair,
  ) {}

  static async make(): Promise<Scene> {
    return new Scene(await generateKeyPair(), await generateKeyPair(), await generateKeyPair());
  }

  list(number: number, changes: ListChanges = {}): Promise<RevocationListDocument> {
    const [now, nextUpdate] = [new Date(NOW), new Date(NOW + 24 * HOUR)];
    return buildRevocationList({ number, nextUpdate, signer: this.issuer, now, ...changes });
  }

  /** A keeper that goes by both issuers, and reads its ring each time. */
  keeper(ring: KeyRing, changes: Partial<RevocationListKeeperOptions> = {}): RevocationListKeeper {
    const issuers = [this.issuer.did, this.rival.did];
    return new RevocationListKeeper({ ring, issuers, clock: this.clock.read, refreshMs: 0, ...changes });
  }
}

export const covenant = (n: number): string => `urn:stele:covenant:${n.toString(16).padStart(64, '0')}`;

export const entry = (n: number) => ({
  covenant: covenant(n),
  reason: 'over',
  revokedAt: '2026-11-20T12:00:00Z',
});

export const lost = (key: KeyPair) =>
  ({ key: key.did, status: 'compromised', reason: 'stolen', revokedAt: '2026-11-20T12:00:00Z' }) as const;

/** What is known as revoked, whether by the newest lists or by others. */
export async function revoked(of: RevocationListKeeper): Promise<string[]> {
  const { lists, refused = [] } = await of.current();
  const all = [...lists, ...refused] as RevocationListDocument[];
  return [...new Set(all.flatMap(({ covenants }) => covenants.map((each) => each.covenant)))].sort();
}
