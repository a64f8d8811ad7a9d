/** Lines that a terminal need not break: what it breaks goes on at its left edge, where only the tool's own words may stand. */

const COLUMNS = 80;

/** Beyond ASCII a character may take two columns. What takes none is escaped before, or is counted as if it took some. */
const widthOf = (character: string): number => (character <= '~' ? 1 : 2);

/**
 * Breaks one line, in which nothing moves the cursor (see `printable`), before it is too long. What goes on is marked, and stands below
 * `indent`; no line that is not a continuation begins with the mark.
 */
export function fold(line: string, indent: number, columns?: number): string {
  const most = columns || COLUMNS; // a terminal that nobody told its size says 0
  const mark = `\n${' '.repeat(indent)}… `;
  const start = indent + 3; // the mark may take two columns
  let folded = '';
  let column = 0;
  for (const character of line) {
    const width = widthOf(character);
    if (column + width > most && column > start) {
      folded += mark;
      column = start;
    }
    folded += character;
    column += width;
  }
  return folded;
}
