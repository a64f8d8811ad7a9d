/** Writes what was measured: for a terminal, as Markdown, as JSON. */
import { cpus } from 'node:os';
import { rate, time, times } from './numbers.mjs';

/** What the figures depend on. */
export function machine() {
  const [cpu] = cpus();
  const { node, v8, openssl } = process.versions;
  const date = new Date().toISOString().slice(0, 10);
  return `${date}: ${cpus().length} processors (${cpu.model.trim()}), Node ${node}, V8 ${v8}, OpenSSL ${openssl}`;
}

/** One table with aligned columns, then its bars. */
export function terminalTable(measured) {
  const cells = [header(measured), ...measured.rows.map((row) => rowCells(row, measured))];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  const lines = cells.map((line) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  );
  const rule = '-'.repeat(lines[0].length);
  const bars = barsOf([measured]).map(({ name, text, verdict }) => `  ${name}: ${text}: ${verdict}`);
  const note = measured.note === undefined ? [] : [measured.note];
  return [
    `\n${measured.title}`,
    how(measured),
    ...note,
    rule,
    lines[0],
    rule,
    ...lines.slice(1),
    ...bars,
  ].join('\n');
}

/** The same as Markdown. */
export function markdownTable(measured) {
  const lines = [header(measured), ...measured.rows.map((row) => rowCells(row, measured))].map(markdownRow);
  const note = measured.note === undefined ? [] : [measured.note, ''];
  const rule = markdownRow(header(measured).map((_, i) => (i === 0 ? '---' : '---:')));
  return [
    `#### ${measured.title}`,
    '',
    ...note,
    `*${how(measured)}*`,
    '',
    lines[0],
    rule,
    ...lines.slice(1),
  ].join('\n');
}

/** All bars of a run in one Markdown table. */
export function markdownBars(tables) {
  const rows = barsOf(tables).map(({ table, name, text, verdict }) => [table, name, text, verdict]);
  const head = ['measured', 'candidate', 'bar', 'this run'];
  return [head, head.map(() => '---'), ...rows].map(markdownRow).join('\n');
}

/** For programs: the figures without the single rounds. */
export function plain(measured) {
  return { ...measured, rows: measured.rows.map(({ rates: _, ...row }) => row) };
}

function barsOf(tables) {
  return tables.flatMap(({ title, rows }) =>
    rows.flatMap(({ name, bars }) =>
      bars.map(({ text, met, found }) => ({
        table: title,
        name,
        text,
        verdict: `${met ? 'met' : 'not met'} (${found})`,
      })),
    ),
  );
}

const how = ({ rounds, sliceMs, load }) =>
  `${rounds} rounds of slices of ${sliceMs} ms, load ${load.toFixed(1)}`;

const withPercentiles = ({ rows }) => rows.some(({ p50 }) => p50 !== undefined);

function header(measured) {
  const percentiles = withPercentiles(measured) ? ['p50', 'p99'] : [];
  return ['candidate', 'ops/s', 'p10..p90', 'best', 'time/op', ...percentiles, 'ratio'];
}

function rowCells(row, measured) {
  const percentiles = withPercentiles(measured) ? [time(row.p50), time(row.p99)] : [];
  const spread = `${rate(row.p10)}..${rate(row.p90)}`;
  return [
    row.name,
    rate(row.median),
    spread,
    rate(row.best),
    time(row.micros),
    ...percentiles,
    times(row.ratio),
  ];
}

const markdownRow = (cells) => `| ${cells.join(' | ')} |`;
