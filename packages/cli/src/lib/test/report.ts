import { explanationText, type Paint } from '@stele/ccl';
import type { CaseResult } from '@stele/ccl/testing';
import { nameOf } from '../input.js';
import { printable } from '../output.js';
import type { TableResult, TestResult } from './run.js';

/** The result for a person: a line for each table, every failure with its explanation, and what was never asked for. */
export function asText(result: TestResult, minCoverage: number | undefined, paint: Paint): string {
  const { tables, coverage, passed, failed } = result;
  const lines = tables.flatMap((table) => tableLines(table, paint));
  for (const { covenant, report } of coverage) {
    const { percent, decided, statements, undecided } = report;
    const isLow = percent < (minCoverage ?? 0);
    const head = `${nameOf(covenant)}  ${percent} % covered (${decided} of ${statements} statements)`;
    lines.push(isLow ? paint(`${head}, and ${minCoverage} % are asked for`, 'bad') : head);
    for (const { line, text } of undecided)
      lines.push(`  line ${line} never decided anything: ${oneLine(text)}`);
  }
  lines.push(`${passed} passed, ${failed} failed`);
  return lines.join('\n');
}

function tableLines({ file, cases }: TableResult, paint: Paint): string[] {
  const failures = cases.filter(({ passed }) => !passed);
  const mark = failures.length === 0 ? paint('✓', 'good') : paint('✗', 'bad');
  const head = `${mark} ${nameOf(file)}  ${cases.length - failures.length} of ${cases.length} as expected`;
  return [head, ...failures.flatMap((failure) => failureLines(failure, paint))];
}

function failureLines({ name, differences, explanation }: CaseResult, paint: Paint): string[] {
  const shown = explanationText(explanation, paint).split('\n');
  return [
    `  ${paint('✗', 'bad')} ${printable(name)}`,
    ...differences.map((difference) => `    ${printable(difference, 500)}`),
    ...shown.map((line) => `      ${line}`),
  ];
}

const oneLine = (text: string) => printable(text.replace(/\s*\n\s*/g, ' '), 120);

export function asJson({ tables, errors, coverage, passed, failed }: TestResult): object {
  return {
    passed,
    failed,
    tables: tables.map(({ file, covenant, cases }) => ({ file, covenant, cases: cases.map(caseAsJson) })),
    coverage: coverage.map(({ covenant, report: { statements, decided, percent, undecided } }) => ({
      ...{ covenant, statements, decided, percent },
      undecided: undecided.map(({ line, kind, text }) => ({ line, kind, text })),
    })),
    errors,
  };
}

function caseAsJson({ name, passed, differences, explanation }: CaseResult): object {
  return passed ? { name, passed } : { name, passed, differences, explanation };
}
