/** One entry with its evidence. */
import { byId, count, el, shown, timeText } from './dom.js';
import type { Meta } from './load.js';
import { type Leaf, type Log, labelOf } from './log.js';
import { type Computed, compute, proofFile, type Tree, toHex } from './proof.js';
import { keyText } from './summary.js';

const MAX_VALUE = 2_000;
const COMMITMENT = /^[0-9a-f]{64}$/;

interface Parts {
  readonly meta: Meta;
  readonly log: Log;
  readonly tree: Tree;
  /** The entry before or after another in the list. */
  readonly neighbour: (position: number, by: 1 | -1) => number | undefined;
  readonly onClose: (position: number) => void;
}

export class Detail {
  readonly #dialog = byId('detail') as HTMLDialogElement;
  readonly #parts: Parts;
  #position = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    byId('close').addEventListener('click', () => this.#dialog.close());
    byId('previous').addEventListener('click', () => this.#step(-1));
    byId('next').addEventListener('click', () => this.#step(1));
    byId('save').addEventListener('click', () => this.#save());
    this.#dialog.addEventListener('click', (event) => {
      if (event.target === this.#dialog) this.#dialog.close(); // beside it
    });
    this.#dialog.addEventListener('close', () => {
      history.replaceState(null, '', ' ');
      parts.onClose(this.#position);
    });
  }

  open(position: number): void {
    const { log } = this.#parts;
    const index = log.indexes[position] as number;
    this.#position = position;
    history.replaceState(null, '', `#entry-${index}`);
    byId('detail-title').replaceChildren(
      `Entry ${count(index)} `,
      el('span', { class: `badge ${log.tone(position)}` }, log.tone(position)),
    );
    byId('fields').replaceChildren(...this.#fields(log.leaf(position), index));
    byId('leaf').textContent = log.text(position);
    this.#showButtons();
    void this.#showProof(position, index);
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#dialog.scrollTop = 0;
  }

  #fields(leaf: Leaf, index: number): HTMLElement[] {
    const { log } = this.#parts;
    const rows = Object.entries(leaf).map(([name, value]) =>
      row(name, valueText(value), hintOf(name, value)),
    );
    if (rows.length === 0) rows.push(row('entry', 'no JSON object'));
    const outcome = log.outcomes.get(index);
    if (outcome !== undefined)
      rows.push(this.#link('outcome', labelOf(log.leaf(outcome)), log.indexes[outcome] as number));
    if (typeof leaf.of === 'number') rows.push(this.#link('decision', '', leaf.of));
    return rows.flat();
  }

  #link(name: string, text: string, index: number): HTMLElement[] {
    const position = this.#parts.log.positionOf(index);
    if (position === -1) return row(name, `${text} entry ${count(index)}, which is not on this page`);
    const button = el('button', { type: 'button', class: 'link' }, `entry ${count(index)}`);
    button.addEventListener('click', () => this.open(position));
    return [el('dt', {}, name), el('dd', {}, `${shown(text, 80)} `, button)];
  }

  #showButtons(): void {
    const { neighbour } = this.#parts;
    for (const [id, by] of [
      ['previous', -1],
      ['next', 1],
    ] as const)
      (byId(id) as HTMLButtonElement).disabled = neighbour(this.#position, by) === undefined;
  }

  #step(by: 1 | -1): void {
    const to = this.#parts.neighbour(this.#position, by);
    if (to !== undefined) this.open(to);
  }

  async #showProof(position: number, index: number): Promise<void> {
    const { log, tree, meta } = this.#parts;
    const path = tree.path(index);
    byId('path').replaceChildren(
      ...(path ?? []).map(({ hash, isLeft }) =>
        el('li', {}, el('code', {}, toHex(hash)), ` on the ${isLeft ? 'left' : 'right'}`),
      ),
    );
    byId('path-title').textContent = `Inclusion proof: ${path?.length ?? 0} hashes`;
    (byId('save') as HTMLButtonElement).disabled = path === undefined;
    byId('command').textContent = `stele audit verify ${nameOf(index)} --key ${keyText(meta)}`;
    const result = byId('result');
    result.className = 'pending';
    result.textContent = 'computing …';
    const computed = path === undefined ? undefined : await compute(log.bytes(position), path);
    if (position !== this.#position) return; // another was opened meanwhile
    byId('leaf-hash').textContent = computed?.leafHash ?? 'not computed: this browser does no hashing here';
    const [className, text] = verdictOf(computed, meta);
    result.className = className;
    result.textContent = text;
  }

  /** The evidence of this entry alone, as a file. */
  #save(): void {
    const { log, tree, meta } = this.#parts;
    const index = log.indexes[this.#position] as number;
    const text = proofFile(index, log.bytes(this.#position), tree.path(index) ?? [], meta.checkpoint);
    const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
    el('a', { href: url, download: nameOf(index) }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
}

const nameOf = (index: number) => `decision-${index}.tlog-proof`;

function verdictOf(computed: Computed | undefined, { root, size }: Meta): readonly [string, string] {
  if (computed === undefined) return ['unknown', 'Not computed on this page; the command below does it.'];
  return computed.root === root
    ? [
        'valid',
        `Computed here: this leaf and its proof lead to the root of the checkpoint of ${count(size)} entries. Its signature is for the command below to check.`,
      ]
    : ['invalid', 'Computed here: this leaf and its proof do NOT lead to the root of the checkpoint.'];
}

function row(name: string, text: string, hint?: string): HTMLElement[] {
  const note = hint === undefined ? undefined : el('small', {}, hint);
  return [el('dt', {}, shown(name, 80)), el('dd', {}, el('span', {}, shown(text, MAX_VALUE)), note)];
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) && value.every((each) => typeof each !== 'object')
    ? value.join(', ') || 'none'
    : JSON.stringify(value);
}

const COMMITTED = ['context', 'agent', 'resource'];

function hintOf(name: string, value: unknown): string | undefined {
  if (name === 'time' && typeof value === 'string') return `${timeText(Date.parse(value), 23)} UTC`;
  if (COMMITTED.includes(name) && typeof value === 'string' && COMMITMENT.test(value))
    return 'a salted commitment: the value is kept beside the log';
  return undefined;
}
