/** The parts of a Markdown text that a test can run: its fenced blocks and its tables, in order. */

interface Part {
  /** The line on which it begins, from 1. */
  readonly line: number;
  /** The heading above it. */
  readonly section: string;
}

/** ```` ```language rest ```` */
export interface Block extends Part {
  readonly kind: 'block';
  readonly language: string;
  readonly rest: string;
  readonly text: string;
}

export interface Table extends Part {
  readonly kind: 'table';
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** @throws Error for a block that is not closed, and for a row that has another number of cells than its header */
export function readMarkdown(markdown: string): readonly (Block | Table)[] {
  const lines = markdown.split('\n');
  const parts: (Block | Table)[] = [];
  let section = '';
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    const place = { line: at + 1, section };
    const fence = /^```(\S*) ?(.*)$/.exec(line);
    if (line.startsWith('#')) section = line.replace(/^#+ /, '');
    if (fence !== null) {
      const end = lines.indexOf('```', at + 1);
      if (end === -1) throw new Error(`line ${at + 1}: a block that is not closed`);
      const text = lines.slice(at + 1, end).join('\n');
      parts.push({ kind: 'block', language: fence[1]!, rest: fence[2]!, text, ...place });
      at = end;
    } else if (line.startsWith('|')) {
      const start = at;
      while (lines[at + 1]?.startsWith('|')) at++;
      const [header, , ...rows] = lines.slice(start, at + 1).map(cells);
      for (const row of rows)
        if (row.length !== header!.length) throw new Error(`line ${start + 1}: a row of ${row.length} cells`);
      parts.push({ kind: 'table', header: header!, rows, ...place });
    }
  }
  return parts;
}

function cells(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** What stands in backticks in a cell. */
export function codes(cell: string): string[] {
  return [...cell.matchAll(/`([^`]*)`/g)].map((match) => match[1]!);
}
