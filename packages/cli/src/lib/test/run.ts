import { dirname, relative, resolve } from 'node:path';
import {
  type CaseResult,
  Coverage,
  type CoverageReport,
  readTestTable,
  runTestTable,
} from '@stele/ccl/testing';
import { isSteleError } from '@stele/types/errors';
import { compileFile } from '../ccl-file.js';
import type { Streams } from '../cli.js';
import { nameOf, readText } from '../input.js';
import { parseAnyJson } from '../json.js';

/** One table that was run. */
export interface TableResult {
  readonly file: string;
  /** The file of the rules. */
  readonly covenant: string;
  readonly cases: readonly CaseResult[];
}

/** A table that could not be run, which is never a pass. */
export interface TableFailure {
  readonly file: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export interface TestResult {
  readonly tables: readonly TableResult[];
  readonly errors: readonly TableFailure[];
  /** For each covenant: what all its tables together asked for. */
  readonly coverage: readonly { readonly covenant: string; readonly report: CoverageReport }[];
  readonly passed: number;
  readonly failed: number;
}

/** Runs the tables. One that cannot be read does not keep the others from being run. */
export async function runTables(files: readonly string[], streams: Streams): Promise<TestResult> {
  const covered = new Map<string, Coverage>();
  const tables: TableResult[] = [];
  const errors: TableFailure[] = [];
  for (const file of files) {
    try {
      tables.push(await runTable(file, covered, streams));
    } catch (error) {
      if (!isSteleError(error)) throw error;
      errors.push({ file, code: error.code, message: messageFor(file, error.message), hint: error.hint });
    }
  }
  const results = tables.flatMap(({ cases }) => cases);
  const passed = results.filter((result) => result.passed).length;
  const coverage = [...covered].map(([covenant, each]) => ({ covenant, report: each.report() }));
  return { tables, errors, coverage, passed, failed: results.length - passed };
}

async function runTable(
  file: string,
  covered: Map<string, Coverage>,
  streams: Streams,
): Promise<TableResult> {
  const table = readTestTable(parseAnyJson(await readText(file, streams), nameOf(file)));
  // Absolute, so that a file named `-` is not standard input.
  const path = resolve(dirname(file), table.covenant);
  const covenant = relative('.', path);
  const coverage = covered.get(covenant) ?? new Coverage(await compileFile(path, streams));
  covered.set(covenant, coverage);
  return { file, covenant, cases: runTestTable(table, coverage) };
}

/** Says which table it was, where the message does not. */
function messageFor(file: string, message: string): string {
  return message.startsWith(`${nameOf(file)}:`) ? message : `${nameOf(file)}: ${message}`;
}
