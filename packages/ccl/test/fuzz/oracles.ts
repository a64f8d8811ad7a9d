/** What must hold for every text and every request, however odd. Each function throws where it does not. */
import { strict as assert } from 'node:assert';
import {
  type CclDocument,
  CclSyntaxError,
  compile,
  type Evaluation,
  evaluate,
  format,
  parse,
  type Request,
} from '../../src/index.js';
import { agree, type Count, uncounted } from './count.js';
import { naiveEvaluate } from './naive-evaluate.js';
import { type NaiveDocument, naiveParse } from './naive-parse.js';
import { decode } from './odd-values.js';
import { checkAnalysis, checkPair } from './proof-oracles.js';

/** One input of the fuzzer, and one file of fuzz-cases. */
export interface Case {
  readonly text: string;
  /** Requests in the encoding of `decode`. */
  readonly requests: readonly unknown[];
  /** A second document, where two are compared. */
  readonly other?: string;
}

/** The document, or undefined if the text is none; both readings agree on which. */
export function checkParse(text: string, count: Count = uncounted): [CclDocument, NaiveDocument] | undefined {
  const naive = naiveParse(text);
  let document: CclDocument;
  try {
    document = count(2_000 + 400 * text.length, () => parse(text));
  } catch (error) {
    checkError(error, text);
    // A bound that the naive reading does not have: how long regular expressions may be together.
    if (!error.expected.includes('instructions in one text'))
      assert.equal(naive, undefined, `refused: ${error.message}`);
    return undefined;
  }
  assert.ok(naive !== undefined, 'took a text that the specification refuses');
  agree(
    plain(document.statements),
    plain(naive.statements.map(({ line: _, text: __, ...said }) => said)),
    'statements',
  );
  agree(
    document.comments.map((comment) => comment.text),
    naive.comments,
    'comments',
  );
  agree(parse(text), document, 'a second parse');
  checkPlaces(text, document, naive);
  return [document, naive];
}

function checkError(error: unknown, text: string): asserts error is CclSyntaxError {
  if (!(error instanceof CclSyntaxError)) throw error;
  const lines = text.split('\n');
  assert.equal(error.code, 'ccl_syntax');
  assert.ok(error.line >= 1 && error.line <= lines.length, `line ${error.line} of ${lines.length}`);
  const { length } = lines[error.line - 1]!;
  assert.ok(error.column >= 1 && error.column <= length + 1, `column ${error.column} of ${length}`);
  assert.ok(error.found !== '' && error.expected !== '' && error.message.length < 1000, 'an error to read');
  assert.throws(() => compile(text), { code: 'ccl_syntax', message: error.message });
}

function checkPlaces(text: string, document: CclDocument, naive: NaiveDocument): void {
  for (const [i, { location }] of document.statements.entries()) {
    const { line, text: written } = naive.statements[i]!;
    const { start, end } = location;
    const column = start - text.lastIndexOf('\n', start - 1);
    agree([location.line, text.slice(start, end)], [line, written], 'the place of a statement');
    if (start > 0) assert.equal(location.column, column, 'the column of a statement');
  }
  for (const { location, text: said } of document.comments)
    assert.equal(text.slice(location.start, location.end), `#${said}`, 'the place of a comment');
}

/** Formatting keeps the meaning, the comments and their order, and done again changes nothing. */
export function checkFormat(document: CclDocument, count: Count = uncounted): string {
  const size = JSON.stringify(document).length;
  const formatted = count(2_000 + 200 * size, () => format(document));
  const again = parse(formatted);
  agree(plain(again.statements), plain(document.statements), 'the formatted statements');
  agree(
    again.comments.map(({ text }) => text),
    document.comments.map(({ text }) => text),
    'the formatted comments',
  );
  assert.equal(format(again), formatted, 'formatted again');
  return formatted;
}

/** A decision is what the naive reading says, whatever the order, and a pure function of what it was given. */
export function checkEvaluate(
  document: CclDocument,
  naive: NaiveDocument,
  requests: readonly unknown[],
  count: Count = uncounted,
): void {
  const written = naive.statements.map(({ text }) => text);
  const text = written.join('\n');
  const policies = {
    same: compile(document),
    reversed: compile([...written].reverse().join('\n')),
    closed: compile(`deny ** on **\n${text}`),
    opened: compile(`${text}\npermit ** on **`),
  };
  const size = JSON.stringify(document).length;
  for (const encoded of requests) {
    const request = decode(encoded) as Request;
    const most = 10_000 + 20 * size * (10 + sizeOf(encoded));
    const { reason, unmeasurable: _, ...found } = count(most, () => evaluate(policies.same, request));
    agree(found, naiveEvaluate(naive, request), 'the decision');
    assert.match(reason, /^[^\p{C}\p{Zl}\p{Zp}]{1,400}$/u, 'one sentence');
    agree(request, decode(encoded), 'the request afterwards');
    agree(
      evaluate(policies.same, frozen(request)),
      { reason, ...found, ...unmeasured(_) },
      'the decision again',
    );
    agree(
      inAnyOrder(evaluate(policies.reversed, request)),
      inAnyOrder(found),
      'the decision in reverse order',
    );
    const { code } = found;
    const closed = evaluate(policies.closed, request);
    assert.equal(closed.code, code === 'malformed_request' ? code : 'denied_by_rule', 'a deny wins');
    if (code === 'denied_by_rule' || code === 'malformed_request')
      assert.equal(evaluate(policies.opened, request).code, code, 'no permit overrides');
  }
}

const unmeasured = (unmeasurable: Evaluation['unmeasurable']) =>
  unmeasurable === undefined ? {} : { unmeasurable };

/** All of it. */
export function checkCase({ text, requests, other }: Case, count: Count = uncounted): void {
  const parsed = checkParse(text, count);
  if (parsed === undefined) return;
  const [document, naive] = parsed;
  const formatted = checkFormat(document, count);
  checkEvaluate(document, naive, requests, count);
  if (other === undefined || checkParse(other, count) === undefined) return;
  checkPair(text, other, requests, count);
  checkPair(formatted, text, requests, count);
  checkAnalysis(text, requests, count);
}

/** A decision without what depends on the places of the statements. */
function inAnyOrder({ matched, limits, obligations, ...rest }: Omit<Evaluation, 'reason'>): unknown {
  const { permitted, code, severity } = rest;
  const lists = {
    matched: matched.map(({ text }) => text),
    obligations: obligations.map(({ name }) => name),
    limits: limits.map(({ amount, field, cost, periodMs }) => [amount, field, cost, periodMs].join()),
  };
  for (const list of Object.values(lists)) list.sort();
  return { permitted, code, severity, ...lists };
}

/** A copy without places and without what is undefined. */
function plain(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(plain);
  if (typeof node !== 'object' || node === null) return node;
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node))
    if (key !== 'location' && value !== undefined) copy[key] = plain(value);
  return copy;
}

function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value))
    return value;
  Object.freeze(value);
  for (const each of Object.values(value)) frozen(each);
  return value;
}

function sizeOf(encoded: unknown): number {
  return JSON.stringify(encoded)?.length ?? 0;
}
