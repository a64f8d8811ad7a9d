import { count, printable, table } from '../output.js';
import type { Replay } from './run.js';
import type { Counts, JudgedCall } from './tally.js';

/** What the tool counted as `other` is called in the table; brackets keep it apart from a tool of that name. */
const OTHER = '(other)';
const MAX_ROWS = 40;

/** The result of a run for a machine. */
export function asJson({ tally, time }: Replay, seconds: number): object {
  const { total, other, tools, codes, denied, malformed, malformedCount } = tally;
  return {
    ...total,
    malformed: malformedCount,
    tools: [...tools].map(([tool, counts]) => ({ tool, ...counts })),
    ...(other.calls === 0 ? {} : { other }),
    codes: Object.fromEntries(codes),
    deniedCalls: denied,
    deniedOmitted: total.denied - denied.length,
    malformedLines: malformed,
    malformedOmitted: malformedCount - malformed.length,
    decisionMicroseconds: time.summary(),
    seconds: round(seconds),
    linesPerSecond: speed(total.calls + malformedCount, seconds),
  };
}

/** One denied call, as it falls. */
export function deniedLine({ line, trace, tool, action, resource, code, rule, reason }: JudgedCall): string {
  const where = trace === undefined ? `line ${line}` : `line ${line} (${printable(trace, 60)})`;
  const request =
    action === undefined ? '' : `  ${printable(action, 80)} on ${printable(resource ?? '', 80)}`;
  const because = rule === null ? reasonOf(code, reason) : `line ${rule.line}: ${printable(rule.text, 160)}`;
  return `denied  ${where}  ${printable(tool, 60)}${request}\n        ${code}; ${because}`;
}

function reasonOf(code: JudgedCall['code'], reason: string): string {
  return code === 'no_matching_permit' ? 'no permit matches' : printable(reason, 200);
}

/** The result of a run for a person. */
export function asText({ tally, time }: Replay, seconds: number): string {
  const { total, codes, malformedCount, denied } = tally;
  const more = total.denied - denied.length;
  const { mean, p50, p99, max } = time.summary();
  const sections = [
    more > 0 ? `… and ${count(more)} more denied` : '',
    toolTable(tally),
    table(
      ['code', 'calls'],
      [...codes].map(([code, calls]) => [code, count(calls)]),
    ),
    [
      `calls           ${count(total.calls)}`,
      `permitted       ${count(total.permitted)}`,
      `denied          ${count(total.denied)}`,
      `needs approval  ${count(total.needs_approval)}`,
      `malformed       ${count(malformedCount)}`,
    ].join('\n'),
    `per decision: mean ${mean} µs, median ${p50} µs, 99 % below ${p99} µs, greatest ${max} µs`,
    `${round(seconds)} s, ${count(speed(total.calls + malformedCount, seconds))} lines/s`,
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function toolTable({ tools, other, total }: Replay['tally']): string {
  if (total.calls === 0) return '';
  const byCalls = [...tools].sort(([, a], [, b]) => b.calls - a.calls);
  const shown = byCalls.slice(0, MAX_ROWS).map(([tool, counts]) => row(printable(tool, 48), counts));
  const rest = byCalls.slice(MAX_ROWS).map(([, counts]) => counts);
  if (other.calls > 0) rest.push(other);
  if (rest.length > 0) shown.push(row(OTHER, rest.reduce(add)));
  return table(['tool', 'calls', 'permitted', 'denied', 'needs approval'], shown);
}

const row = (name: string, { calls, permitted, denied, needs_approval }: Counts) => [
  name,
  ...[calls, permitted, denied, needs_approval].map(count),
];

const add = (a: Counts, b: Counts): Counts => ({
  calls: a.calls + b.calls,
  permitted: a.permitted + b.permitted,
  denied: a.denied + b.denied,
  needs_approval: a.needs_approval + b.needs_approval,
});

const round = (value: number) => Math.round(value * 1000) / 1000;
const speed = (lines: number, seconds: number) => Math.round(lines / Math.max(seconds, 0.001));
