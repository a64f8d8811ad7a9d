import { SteleError } from '@stele/types/errors';
import type { Evaluation, EvaluationCode, Request } from '../../evaluate.js';
import type { Explanation } from '../../explain.js';
import { quoteForMessage } from '../escape.js';
import { isPlainObject } from '../values.js';
import type { Coverage } from './coverage.js';
import { DENIALS } from './expect.js';

/** Requests with the decisions that a covenant is to give. */
export interface TestTable {
  /** Where the rules are, as the table says it. */
  readonly covenant: string;
  readonly cases: readonly TestCase[];
}

export interface TestCase {
  /** No other case of the table has it. */
  readonly name: string;
  readonly request: Request;
  readonly expect: Expectation;
}

/** What is left out is not looked at. */
export interface Expectation {
  readonly permitted: boolean;
  readonly code?: EvaluationCode;
  /** A line that holds one of the rules that decided, or the limit that could not be measured. */
  readonly line?: number;
  /** The names of all obligations, in any order. */
  readonly obligations?: readonly string[];
  /** The lines of all limits, in any order. */
  readonly limits?: readonly number[];
}

export interface CaseResult {
  readonly name: string;
  readonly passed: boolean;
  /** What was expected and what was there instead, one sentence each; none for a case that passed. */
  readonly differences: readonly string[];
  readonly explanation: Explanation;
}

/** A table of tests does not say what it has to say, or says more. */
export class TestTableError extends SteleError<'test_table_invalid'> {
  /** @param path the member, for example `cases[2].expect.code` */
  constructor(
    message: string,
    readonly path: string,
  ) {
    super('test_table_invalid', path === '' ? message : `${path}: ${message}`);
  }
}

const MAX_CASES = 10_000;
const CODES: readonly EvaluationCode[] = ['permitted', ...DENIALS];

/**
 * Reads a table, strictly: what it does not know is an error, as is a table without cases.
 * @param value what the JSON text of the table holds
 * @throws TestTableError (`test_table_invalid`) that names the member
 */
export function readTestTable(value: unknown): TestTable {
  const table = record(value, '', ['covenant', 'cases'], ['$schema']);
  const covenant = text(table.covenant, 'covenant');
  const items = list(table.cases, 'cases');
  if (items.length === 0) throw new TestTableError('a table without cases tests nothing', 'cases');
  if (items.length > MAX_CASES) throw new TestTableError(`more than ${MAX_CASES} cases`, 'cases');
  const cases = items.map((item, i) => readCase(item, `cases[${i}]`));
  const names = new Set<string>();
  for (const [i, { name }] of cases.entries()) {
    if (names.has(name))
      throw new TestTableError(`${quoteForMessage(name)} names two cases`, `cases[${i}].name`);
    names.add(name);
  }
  return { covenant, cases };
}

/** Asks every request of the table. */
export function runTestTable(table: TestTable, coverage: Coverage): CaseResult[] {
  return table.cases.map(({ name, request, expect }) => {
    const explanation = coverage.explain(request);
    const differences = compare(explanation.evaluation, expect);
    return { name, passed: differences.length === 0, differences, explanation };
  });
}

function readCase(value: unknown, path: string): TestCase {
  const item = record(value, path, ['name', 'request', 'expect'], []);
  return {
    name: text(item.name, `${path}.name`),
    request: readRequest(item.request, `${path}.request`),
    expect: readExpectation(item.expect, `${path}.expect`),
  };
}

function readRequest(value: unknown, path: string): Request {
  const { action, resource, context } = record(value, path, ['action', 'resource'], ['context']);
  if (typeof action !== 'string') throw new TestTableError('no string', `${path}.action`);
  if (typeof resource !== 'string') throw new TestTableError('no string', `${path}.resource`);
  if (context === undefined) return { action, resource };
  if (!isPlainObject(context)) throw new TestTableError('no object', `${path}.context`);
  return { action, resource, context };
}

function readExpectation(value: unknown, path: string): Expectation {
  if (value === 'permit' || value === 'deny') return { permitted: value === 'permit' };
  if (!isPlainObject(value))
    throw new TestTableError('neither "permit" nor "deny" nor an object with a code', path);
  const { code, line, obligations, limits } = record(
    value,
    path,
    ['code'],
    ['line', 'obligations', 'limits'],
  );
  if (!isCode(code)) throw new TestTableError(`none of ${CODES.join(', ')}`, `${path}.code`);
  return {
    permitted: code === 'permitted',
    code,
    ...(line === undefined ? {} : { line: lineNumber(line, `${path}.line`) }),
    ...(obligations === undefined ? {} : { obligations: each(obligations, `${path}.obligations`, text) }),
    ...(limits === undefined ? {} : { limits: each(limits, `${path}.limits`, lineNumber) }),
  };
}

function compare(evaluation: Evaluation, expect: Expectation): string[] {
  const { permitted, code, matched, obligations, limits, unmeasurable } = evaluation;
  const differences: string[] = [];
  const differ = (what: string, expected: string, actual: string) =>
    differences.push(`expected ${what} ${expected}, got ${actual}`);
  if (permitted !== expect.permitted) {
    differ('the decision', expect.permitted ? 'permit' : 'deny', permitted ? 'permit' : 'deny');
  }
  if (expect.code !== undefined && code !== expect.code) differ('the code', expect.code, code);
  const lines = matched.map(({ line }) => line);
  if (unmeasurable !== undefined) lines.push(unmeasurable.line);
  if (expect.line !== undefined && !lines.includes(expect.line)) {
    differ('a rule on line', String(expect.line), listed(lines));
  }
  const names = obligations.map(({ name }) => name);
  if (expect.obligations !== undefined && !sameSet(names, expect.obligations)) {
    differ('the obligations', listed(expect.obligations), listed(names));
  }
  const charged = limits.map(({ line }) => line);
  if (expect.limits !== undefined && !sameSet(charged, expect.limits)) {
    differ('limits on the lines', listed(expect.limits), listed(charged));
  }
  return differences;
}

function sameSet<T>(left: readonly T[], right: readonly T[]): boolean {
  const [one, other] = [new Set(left), new Set(right)];
  return one.size === other.size && [...one].every((value) => other.has(value));
}

function listed(values: readonly (string | number)[]): string {
  return values.length === 0 ? 'none' : [...new Set(values)].join(', ');
}

function isCode(value: unknown): value is EvaluationCode {
  return CODES.some((code) => code === value);
}

/** An object that has all members that are needed, and no others but the optional ones. */
function record(
  value: unknown,
  path: string,
  needed: readonly string[],
  optional: readonly string[],
): Readonly<Record<string, unknown>> {
  if (!isPlainObject(value)) throw new TestTableError('no object', path);
  const within = (name: string) => (path === '' ? name : `${path}.${name}`);
  for (const name of needed)
    if (!Object.hasOwn(value, name)) throw new TestTableError('missing', within(name));
  for (const name of Object.keys(value)) {
    if (!needed.includes(name) && !optional.includes(name))
      throw new TestTableError(`unknown member ${quoteForMessage(name)}`, path);
  }
  return value;
}

function list(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new TestTableError('no array', path);
  return value;
}

function each<T>(value: unknown, path: string, read: (item: unknown, path: string) => T): T[] {
  return list(value, path).map((item, i) => read(item, `${path}[${i}]`));
}

function text(value: unknown, path: string): string {
  if (typeof value !== 'string' || value === '') throw new TestTableError('no string, or an empty one', path);
  return value;
}

function lineNumber(value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  throw new TestTableError('no line number from 1 up', path);
}
