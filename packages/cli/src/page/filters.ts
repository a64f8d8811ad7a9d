/** What of the log is shown. */
import { breathe, byId, count, el, shown } from './dom.js';
import { type Log, TONES } from './log.js';

/** A choice offers so many names, the most frequent first; the search finds the others. */
const MOST_CHOICES = 200;
const AT_ONCE = 5_000;

type Choice = 'tone' | 'code' | 'covenant';

export class Filters {
  readonly #log: Log;
  readonly #onResult: (positions: Uint32Array) => void;
  readonly #search = byId('search') as HTMLInputElement;
  readonly #from = byId('from') as HTMLInputElement;
  readonly #to = byId('to') as HTMLInputElement;
  readonly #choices: Readonly<Record<Choice, HTMLSelectElement>> = {
    tone: byId('tone') as HTMLSelectElement,
    code: byId('code') as HTMLSelectElement,
    covenant: byId('covenant') as HTMLSelectElement,
  };
  /** Counts the searches: only the result of the last one is shown. */
  #run = 0;

  constructor(log: Log, onResult: (positions: Uint32Array) => void) {
    this.#log = log;
    this.#onResult = onResult;
    this.#choices.tone.append(...TONES.map((tone, number) => el('option', { value: number }, tone)));
    this.#choices.code.append(...options(log.codeNames, log.codes));
    this.#choices.covenant.append(...options(log.covenantNames, log.covenants));
    const form = byId('filters') as HTMLFormElement;
    form.addEventListener('input', () => void this.apply());
    form.addEventListener('submit', (event) => event.preventDefault());
    form.addEventListener('reset', () => setTimeout(() => void this.apply()));
  }

  /** Sets one choice from elsewhere on the page; the same again takes it back. */
  choose(choice: Choice, number: number): void {
    const select = this.#choices[choice];
    select.value = select.value === String(number) ? '' : String(number);
    void this.apply();
  }

  /** Sets the time from elsewhere on the page. */
  between(from: number, to: number): void {
    this.#from.value = inputText(from);
    this.#to.value = inputText(to);
    void this.apply();
  }

  /** Finds the entries that are wanted, a part at a time. */
  async apply(): Promise<void> {
    const run = ++this.#run;
    const isWanted = this.#test();
    const found = new Uint32Array(this.#log.length);
    let length = 0;
    for (let position = 0; position < this.#log.length; position++) {
      if (isWanted(position)) found[length++] = position;
      if (position % AT_ONCE !== AT_ONCE - 1) continue;
      await breathe();
      if (run !== this.#run) return;
    }
    const all = this.#log.length;
    byId('found').textContent =
      length === all ? `${count(all)} entries` : `${count(length)} of ${count(all)} entries`;
    this.#onResult(found.slice(0, length));
  }

  #test(): (position: number) => boolean {
    const log = this.#log;
    const words = this.#search.value.trim().toLowerCase();
    const from = pointOf(this.#from, Number.NEGATIVE_INFINITY);
    const to = pointOf(this.#to, Number.POSITIVE_INFINITY);
    const isTimed = from !== Number.NEGATIVE_INFINITY || to !== Number.POSITIVE_INFINITY;
    const [tone, code, covenant] = [this.#chosen('tone'), this.#chosen('code'), this.#chosen('covenant')];
    return (position) => {
      const time = log.times[position] as number;
      return (
        (tone === undefined || log.tones[position] === tone) &&
        (code === undefined || log.codes[position] === code) &&
        (covenant === undefined || log.covenants[position] === covenant) &&
        (!isTimed || (time >= from && time < to)) &&
        (words === '' || log.text(position).toLowerCase().includes(words))
      );
    };
  }

  #chosen(choice: Choice): number | undefined {
    const { value } = this.#choices[choice];
    return value === '' ? undefined : Number(value);
  }
}

export type Texts = { readonly texts: readonly string[] };
export type Numbers = Uint8Array | Uint32Array;

/** The numbers of names by how often they occur. */
export function ranked(names: Texts, column: Numbers): (readonly [number: number, times: number])[] {
  const times = new Uint32Array(names.texts.length);
  for (const number of column) times[number] = (times[number] as number) + 1;
  return Array.from(times, (many, number) => [number, many] as const).sort(([, a], [, b]) => b - a);
}

function options(names: Texts, column: Numbers): HTMLOptionElement[] {
  const all = ranked(names, column);
  const made = all
    .slice(0, MOST_CHOICES)
    .map(([number, times]) =>
      el('option', { value: number }, `${shown(names.texts[number] || 'none', 60)} (${count(times)})`),
    );
  const rest = all.length - made.length;
  if (rest > 0) made.push(el('option', { disabled: true }, `${count(rest)} more: use the search`));
  return made;
}

/** The field has no time zone; it is said to be UTC. */
function pointOf({ value }: HTMLInputElement, otherwise: number): number {
  const ms = Date.parse(`${value}Z`);
  return Number.isNaN(ms) ? otherwise : ms;
}

const inputText = (ms: number): string => new Date(ms).toISOString().slice(0, 19);
