/** The list: only the rows in sight are elements, so that a hundred thousand scroll like a hundred. */
import { byId, count, el, shown, timeText } from './dom.js';
import { type Log, textOf } from './log.js';

const SPARE_ROWS = 8;
/** On paper there is no scrolling; more than these would be a book. */
const MOST_PRINTED = 1_000;

export class List {
  readonly #grid = byId('grid');
  readonly #rows = el('div', { id: 'rows', role: 'rowgroup' });
  readonly #log: Log;
  readonly #open: (position: number) => void;
  readonly #drawn = new Map<number, HTMLElement>();
  #positions: ArrayLike<number> = [];
  #height = 44;
  /** The row that the keyboard is at. */
  #active = 0;
  #isPrinting = false;
  #waiting = false;

  /** @param open called with the position of the entry that was chosen */
  constructor(log: Log, open: (position: number) => void) {
    this.#log = log;
    this.#open = open;
    this.#grid.setAttribute('role', 'grid');
    this.#grid.setAttribute('aria-label', 'Entries');
    this.#grid.append(heading(), this.#rows);
    this.#grid.addEventListener('keydown', (event) => this.#onKey(event));
    this.#rows.addEventListener('click', (event) => {
      const row = (event.target as Element).closest('[data-row]');
      if (row instanceof HTMLElement) this.#choose(Number(row.dataset.row));
    });
    addEventListener('scroll', () => this.#soon(), { passive: true });
    addEventListener('resize', () => this.#measure());
    addEventListener('beforeprint', () => this.#print(true));
    addEventListener('afterprint', () => this.#print(false));
  }

  /** Shows these entries, and only these. */
  show(positions: ArrayLike<number>): void {
    this.#positions = positions;
    this.#active = 0;
    this.#grid.setAttribute('aria-rowcount', String(positions.length + 1));
    byId('nothing').hidden = positions.length > 0;
    this.#measure();
  }

  /** The entry a number of rows away from another in the list; undefined beyond its ends. */
  neighbour(position: number, by: 1 | -1): number | undefined {
    const row = this.#rowOf(position);
    return row === -1 ? undefined : this.#positions[row + by];
  }

  /** Puts the keyboard onto an entry's row, if it is in the list. */
  focus(position: number): void {
    const row = this.#rowOf(position);
    if (row !== -1) this.#goTo(row);
  }

  /** Positions are in ascending order. */
  #rowOf(position: number): number {
    let [low, high] = [0, this.#positions.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#positions[middle] as number) < position) low = middle + 1;
      else high = middle;
    }
    return this.#positions[low] === position ? low : -1;
  }

  #measure(): void {
    this.#height = Number.parseFloat(getComputedStyle(this.#rows).getPropertyValue('--row')) || 44;
    this.#rows.style.height = `${this.#positions.length * this.#height}px`;
    this.#clear();
    this.#draw();
  }

  #soon(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      this.#draw();
    });
  }

  #clear(): void {
    for (const row of this.#drawn.values()) row.remove();
    this.#drawn.clear();
  }

  #draw(): void {
    if (this.#isPrinting) return;
    const top = -this.#rows.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / this.#height) - SPARE_ROWS);
    const last = Math.min(this.#positions.length, Math.ceil((top + innerHeight) / this.#height) + SPARE_ROWS);
    // The row with the focus stays, wherever it is: else the keyboard would be nowhere.
    const isWanted = (row: number) => (row >= first && row < last) || row === this.#active;
    for (const [row, element] of this.#drawn) {
      if (isWanted(row)) continue;
      element.remove();
      this.#drawn.delete(row);
    }
    for (let row = first; row < last; row++) this.#drawRow(row);
    if (this.#active < this.#positions.length) this.#drawRow(this.#active);
  }

  #drawRow(row: number): HTMLElement {
    const known = this.#drawn.get(row);
    if (known !== undefined) return known;
    const element = this.#makeRow(row, this.#positions[row] as number);
    element.style.top = `${row * this.#height}px`;
    this.#drawn.set(row, element);
    this.#rows.append(element);
    return element;
  }

  #makeRow(row: number, position: number): HTMLElement {
    const log = this.#log;
    const leaf = log.leaf(position);
    const tone = log.tone(position);
    const label = log.codeNames.texts[log.codes[position] as number] ?? '';
    const cell = (name: string, text: string) => el('span', { role: 'gridcell', class: name }, text);
    return el(
      'div',
      {
        role: 'row',
        class: 'row',
        'data-row': row,
        'aria-rowindex': row + 2,
        tabindex: row === this.#active ? 0 : -1,
      },
      cell('index', count(log.indexes[position] as number)),
      cell('time', timeText(log.times[position] as number)),
      el('span', { role: 'gridcell', class: 'tone' }, el('span', { class: `badge ${tone}` }, tone)),
      cell('what', shown(textOf(leaf.action) || describe(leaf.of), 100)),
      cell('label', shown(label, 80)),
      cell('covenant', shown(textOf(leaf.covenant), 80)),
    );
  }

  #onKey(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(innerHeight / this.#height) - 3);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: this.#active + 1,
      ArrowUp: this.#active - 1,
      PageDown: this.#active + page,
      PageUp: this.#active - page,
      Home: 0,
      End: this.#positions.length - 1,
    };
    const to = Object.hasOwn(moves, event.key) ? moves[event.key] : undefined;
    if (to !== undefined) this.#goTo(Math.max(0, Math.min(to, this.#positions.length - 1)));
    else if (event.key === 'Enter' || event.key === ' ') this.#choose(this.#active);
    else return;
    event.preventDefault();
  }

  #goTo(row: number): void {
    if (this.#positions.length === 0) return;
    this.#drawn.get(this.#active)?.setAttribute('tabindex', '-1');
    this.#active = row;
    const element = this.#drawRow(row);
    element.setAttribute('tabindex', '0');
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: 'nearest' }); // the margins for it are in the style sheet
    this.#draw();
  }

  #choose(row: number): void {
    const position = this.#positions[row];
    if (position === undefined) return;
    this.#goTo(row);
    this.#open(position);
  }

  #print(isPrinting: boolean): void {
    this.#isPrinting = isPrinting;
    this.#clear();
    if (!isPrinting) {
      this.#measure();
      return;
    }
    this.#rows.style.height = 'auto';
    const rows = Math.min(this.#positions.length, MOST_PRINTED);
    for (let row = 0; row < rows; row++) this.#drawRow(row);
    byId('printed').textContent =
      rows < this.#positions.length
        ? `The first ${count(rows)} of ${count(this.#positions.length)} entries. Narrow the list before printing to see others.`
        : '';
  }
}

const COLUMNS = {
  index: 'Index',
  time: 'Time, UTC',
  tone: 'Decision',
  what: 'Action',
  label: 'Code',
  covenant: 'Covenant',
};

function heading(): HTMLElement {
  const cells = Object.entries(COLUMNS).map(([name, text]) =>
    el('span', { role: 'columnheader', class: name }, text),
  );
  return el('div', { role: 'row', class: 'row head', 'aria-rowindex': 1 }, ...cells);
}

const describe = (of: unknown): string => (typeof of === 'number' ? `of entry ${count(of)}` : '');
