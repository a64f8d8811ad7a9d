/** What is wrong with a text, or doubtful, by the parser and the analysis of the language itself. */
import {
  type AnalysisFinding,
  analyze,
  type CclDocument,
  CclSyntaxError,
  compile,
  format,
  parse,
} from '@stele/ccl';

/** A remark on a piece of a text; offsets in UTF-16 units, `end` is just after it. */
export interface Finding {
  readonly start: number;
  readonly end: number;
  readonly severity: 'error' | 'warning' | 'information';
  /** Stable: `ccl_syntax`, or the kind of what the analysis found. */
  readonly code: string;
  /** What is wrong and, where it is known, how to mend it. */
  readonly message: string;
  /** The edit that mends it. */
  readonly suggestion?: CclSyntaxError['suggestion'] | undefined;
}

/** Longer documents are not analysed, so that the server answers while someone types. In statements. */
const MAX_ANALYSED = 500;
/** What the analysis of one version of a document may cost, in its elementary steps: some tenths of a second. */
const BUDGET = 250_000;

/** The first mistake of a text or, if there is none, what the analysis finds. */
export function findingsOf(text: string): Finding[] {
  const result = attempt(text);
  return result instanceof CclSyntaxError ? [mistake(result)] : doubts(result);
}

/** The first mistake of a text; undefined if there is none. */
export function mistakeOf(text: string): Finding | undefined {
  const result = attempt(text);
  return result instanceof CclSyntaxError ? mistake(result) : undefined;
}

/** The text in canonical form; undefined where it is no document. */
export function formatted(text: string): string | undefined {
  const result = attempt(text);
  return result instanceof CclSyntaxError ? undefined : format(result);
}

function attempt(text: string): CclDocument | CclSyntaxError {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof CclSyntaxError) return error;
    throw error;
  }
}

function mistake({ offset, length, code, expected, found, hint, suggestion }: CclSyntaxError): Finding {
  const message = `expected ${expected}, found ${found}${hint === undefined ? '' : `\n${hint}`}`;
  return { start: offset, end: offset + length, severity: 'error', code, message, suggestion };
}

function doubts(document: CclDocument): Finding[] {
  if (document.statements.length > MAX_ANALYSED) return [];
  return analyze(compile(document), { budget: BUDGET }).map((found) => doubt(document, found));
}

/** Marks the statement that begins on the line; all of them, if they are several. */
function doubt(document: CclDocument, { kind, line, message }: AnalysisFinding): Finding {
  const places = document.statements.map(({ location }) => location).filter((place) => place.line === line);
  const severity = kind === 'undecided' ? 'information' : 'warning';
  return { start: places[0]!.start, end: places.at(-1)!.end, severity, code: kind, message };
}
