/** Puts entries of a log onto a page. */
import { basename } from 'node:path';
import type { LogReport } from '@stele/audit';
import manifest from '../../../package.json' with { type: 'json' };
import { CliError } from '../errors.js';
import { writeText } from '../files.js';
import { entryOf } from './entry.js';
import type { Head } from './head.js';
import { leavesOf } from './leaves.js';
import { renderPage } from './page.js';
import { pageNodes, runsOf } from './page-nodes.js';
import type { Selection } from './selection.js';

/** More rows than these no browser can scroll through. */
const MOST_ENTRIES = 250_000;
const MOST_BYTES = 192 * 1024 * 1024;

export interface PageOf {
  readonly head: Head;
  readonly selection: Selection;
  /** What may be shown of the name of the log. */
  readonly shown: string;
  /** What verifying said, and with which keys; undefined where none was given. */
  readonly verified?: { readonly report: LogReport; readonly keys: readonly string[] } | undefined;
}

/**
 * Writes the page of the chosen entries.
 * @returns how many there are on it
 * @throws CliError `too_large`, `file_unwritable`; AuditError `audit_log_corrupt` where an entry or a hash is missing
 */
export async function writePage(path: string, { head, selection, shown, verified }: PageOf): Promise<number> {
  const { origin, size, root, checkpoint, first } = head;
  const { indexes, bytes } = await chosen(head, selection);
  const nodes = await pageNodes(head.reader, size, indexes);
  const meta = {
    ...{ origin, size, root, checkpoint, first },
    made: new Date().toISOString(),
    source: sourceOf(shown),
    software: `stele ${manifest.version}`,
    ...(selection.said === undefined ? {} : { selection: selection.said }),
    entries: runsOf(indexes),
    nodes: nodes.runs,
    ...(verified === undefined ? {} : { verification: verificationOf(verified) }),
  };
  await writeText(path, await renderPage({ meta, entries: bytes, nodes: nodes.bytes }));
  return indexes.length;
}

/** The page goes to others, whom the folders of this machine do not concern. */
const sourceOf = (shown: string) => (shown.includes('://') ? shown : basename(shown));

function verificationOf({ report, keys }: NonNullable<PageOf['verified']>) {
  const { valid, proves, doesNotProve, problems } = report;
  return { valid, keys, proves, doesNotProve, problems: problems.map(({ message }) => message) };
}

/** The chosen entries as bundles of C2SP tlog-tiles have them: two bytes of length before each. */
async function chosen(head: Head, selection: Selection): Promise<{ indexes: number[]; bytes: Buffer }> {
  const indexes: number[] = [];
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const leaf of leavesOf(head.reader, head.size, selection.from, selection.to)) {
    if (!selection.includes(entryOf(leaf))) continue;
    indexes.push(leaf.index);
    parts.push(Uint8Array.of(leaf.bytes.length >> 8, leaf.bytes.length & 0xff), leaf.bytes);
    length += 2 + leaf.bytes.length;
    if (indexes.length > MOST_ENTRIES || length > MOST_BYTES) throw tooLarge();
  }
  return { indexes, bytes: Buffer.concat(parts, length) };
}

const tooLarge = () =>
  new CliError(
    'too_large',
    `a page holds at most ${MOST_ENTRIES} entries of together ${MOST_BYTES} bytes`,
    'choose some: --index 100000..199999, --since-time 24h, --covenant …',
  );
