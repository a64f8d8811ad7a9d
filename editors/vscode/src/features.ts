/** What an editor asks about a text while someone types, answered in offsets of UTF-16 units. */
import { PLACES } from './places.js';
import { read, type Statement, type Token } from './reading.js';
import { MEANINGS, type Word } from './words.js';

/** A statement as an outline shows it. */
export interface Entry {
  /** The keyword, and the action or the obligation. */
  readonly name: string;
  /** The resource, where one is written. */
  readonly detail: string;
  readonly kind: 'permit' | 'deny' | 'require' | 'limit';
  readonly start: number;
  readonly end: number;
}

/** The keywords and operators that may be written at an offset, or completed there. */
export function wordsFor(text: string, offset: number): Word[] {
  const before = text.slice(0, offset).replace(/[A-Za-z_]{1,16}$/, '');
  if (!/(?:^|[\s;,()[\]=<>])$/.test(before)) return [];
  const { place, isNested } = read(before);
  const words = Object.keys(PLACES[place].words).filter((word) => Object.hasOwn(MEANINGS, word)) as Word[];
  return isNested ? words.filter((word) => word !== 'severity') : words;
}

/** The keyword or operator that stands at an offset; undefined for a field, a pattern, a string or a comment. */
export function wordAt(text: string, offset: number): { word: Word; token: Token } | undefined {
  for (const statement of read(text).statements) {
    for (const token of statement) {
      if (token.role !== 'word' || token.start > offset || token.end < offset) continue;
      return { word: text.slice(token.start, token.end).toLowerCase() as Word, token };
    }
  }
  return undefined;
}

/** The statements of a text, without those whose first word is no keyword. */
export function outline(text: string): Entry[] {
  return read(text).statements.flatMap((statement) => entry(text, statement) ?? []);
}

function entry(text: string, statement: Statement): Entry | undefined {
  const first = statement[0]!;
  if (first.role !== 'word') return undefined;
  const written = (token: Token | undefined) =>
    token === undefined ? '' : text.slice(token.start, token.end);
  const kind = written(first).toLowerCase() as Entry['kind'];
  const subject = statement.find(({ role }) => role === (kind === 'require' ? 'name' : 'action'));
  const resource = statement.find(({ role }) => role === 'resource');
  const name = `${kind} ${written(subject)}`.trimEnd();
  return { name, detail: written(resource), kind, start: first.start, end: statement.at(-1)!.end };
}
