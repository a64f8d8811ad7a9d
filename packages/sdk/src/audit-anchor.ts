/** A log of decisions as the anchor of an encrypted store: how the store was is then part of the evidence. */
import { type AuditLog, decodeBundle, parseCheckpoint, parseNote, TILE_WIDTH } from '@stele/audit';
import { appendedAnchor, type StoreAnchor } from '@stele/store';

const KIND = 'store.anchored';

export interface AuditAnchorOptions {
  /** Which store it is, where a log anchors several; `store` when not given. It stands in the log in clear. */
  readonly store?: string | undefined;
  readonly clock?: (() => Date) | undefined;
}

/**
 * An anchor that appends every state of a store to a log as an event `store.anchored`, two for a write. Only for a log of which
 * this process is the only writer. With the first use the log is signed, and read backwards up to the newest state: all of it where there
 * is none. What was pruned is not found: then the store is `store_rolled_back` until `reanchor`.
 * @throws TypeError for a log or a name that is none
 */
export function auditAnchor(
  log: AuditLog,
  { store = 'store', clock = () => new Date() }: AuditAnchorOptions = {},
): StoreAnchor {
  if (typeof log?.append !== 'function' || typeof log.checkpoint !== 'function')
    throw new TypeError('log must be an AuditLog');
  if (typeof store !== 'string' || store === '') throw new TypeError('store must be the name of a store');
  return appendedAnchor({
    latest: () => newestState(log, store),
    append: (state) => log.append({ v: 1, kind: KIND, time: clock().toISOString(), store, state }),
  });
}

async function newestState(log: AuditLog, store: string): Promise<string | undefined> {
  const { size } = parseCheckpoint(parseNote(await log.checkpoint()).text, log.origin);
  const first = (await log.reader.first()) / TILE_WIDTH;
  for (let bundle = Math.ceil(size / TILE_WIDTH) - 1; bundle >= first; bundle--) {
    const width = Math.min(TILE_WIDTH, size - bundle * TILE_WIDTH);
    const bytes = await log.reader.entries(bundle, width);
    if (bytes === undefined)
      throw new Error(`the bundle of entries ${bundle} is missing in ${log.reader.name}`);
    for (const leaf of decodeBundle(bytes, width).reverse()) {
      const state = stateIn(leaf, store);
      if (state !== undefined) return state;
    }
  }
  return undefined;
}

function stateIn(leaf: Uint8Array, store: string): string | undefined {
  const entry = JSON.parse(new TextDecoder().decode(leaf)) as Record<string, unknown>;
  if (entry.kind !== KIND || entry.store !== store) return undefined;
  // Whatever else stands there is for the store to refuse.
  return String(entry.state);
}
