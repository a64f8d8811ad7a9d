/** The hashes that a page carries so that each of its entries can be proven. */
import { hashNode, type LogReader, TreeReader } from '@stele/audit';

/** A first number and how many follow each other from it. */
export type Run = [start: number, count: number];

/** Hashes by layer of the tree, and within it by place. Layer 0 are the leaf hashes. */
export interface PageNodes {
  readonly runs: readonly (readonly Run[])[];
  readonly bytes: Buffer;
}

/** Groups ascending numbers. */
export function runsOf(numbers: Iterable<number>): Run[] {
  const runs: Run[] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === number) last[1]++;
    else runs.push([number, 1]);
  }
  return runs;
}

/**
 * The hashes beside the ways of some entries to the root, each once. A node of a layer is made of two of the layer below;
 * a last one without a neighbour goes up as it is.
 * @param indexes ascending, below `size`
 * @throws AuditError `audit_log_corrupt` if a tile cannot be had
 */
export async function pageNodes(
  reader: LogReader,
  size: number,
  indexes: readonly number[],
): Promise<PageNodes> {
  const tree = new TreeReader(reader);
  const runs: Run[][] = [];
  const hashes: Uint8Array[] = [];
  let ways: readonly number[] = indexes;
  for (let layer = 0, width = size; width > 1; layer++, width = Math.ceil(width / 2)) {
    const places = besides(ways, width);
    runs.push(runsOf(places));
    for (const place of places) hashes.push(await nodeOf(tree, size, layer, place));
    ways = parentsOf(ways);
  }
  return { runs, bytes: Buffer.concat(hashes) };
}

/** The places next to some places of a layer, ascending, those that there are. */
function besides(places: readonly number[], width: number): number[] {
  const found = new Set<number>();
  for (const place of places) {
    const beside = place % 2 === 0 ? place + 1 : place - 1;
    if (beside < width) found.add(beside);
  }
  return [...found].sort((a, b) => a - b);
}

function parentsOf(places: readonly number[]): number[] {
  const parents: number[] = [];
  for (const place of places) {
    const parent = Math.floor(place / 2);
    if (parents.at(-1) !== parent) parents.push(parent);
  }
  return parents;
}

async function nodeOf(tree: TreeReader, size: number, layer: number, place: number): Promise<Uint8Array> {
  if ((place + 1) * 2 ** layer <= size) return tree.node({ level: layer, index: place }, size);
  const left = await nodeOf(tree, size, layer - 1, 2 * place);
  const isAlone = (2 * place + 1) * 2 ** (layer - 1) >= size;
  return isAlone ? left : hashNode(left, await nodeOf(tree, size, layer - 1, 2 * place + 1));
}
