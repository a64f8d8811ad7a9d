// Writes docs/metrics.md from the table of metrics, so that the two never differ.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { root } from './lib/run.mjs';

export const metricsSource = 'packages/types/src/metrics.ts';
export const metricsFile = 'docs/metrics.md';

const INTRODUCTION = `# Metrics

\`@stele/sdk\` measures through the [OpenTelemetry](https://opentelemetry.io) API. It brings no SDK: register one in your program, before or
after the first monitor, and these metrics come out of the exporter that you chose. Without an SDK nothing is measured and nothing
is kept. \`observeStore(store)\` measures a store that your own code uses, too; \`observeKeyManager(manager)\` reports the age of a key.

Labels are few and bounded: no ids, no agents, nothing of a request. Thresholds of the first five rows are those of the
deployment guide; the others are where to begin. A histogram's buckets have a bound at every threshold, so a quantile beside it is exact
on which side it lies.

In Prometheus a dot is an underscore and a counter ends in \`_total\`: \`stele_enforcement_deny_count_total\`. A collector that adds units to names
has to be told not to (\`add_metric_suffixes: false\`), else [the alerts](../deploy/prometheus/alerts.yml) and
[the dashboard](../deploy/grafana/stele.json) find nothing.

In code: \`METRIC_TABLE\` and \`METRICS\` of \`@stele/types\`. This page is made from that table by \`npm run docs\`.
`;

const SPANS = `## Spans

A decision that is made while a span of the host is active becomes a span \`stele.decision\` inside it, with the attributes
\`stele.decision.code\`, \`stele.decision.effect\` and \`stele.decision.severity\`, and nothing of the request. A denial is no error; the codes that tell
of a fault of the host (\`record_failed\`, \`limit_unavailable\`, \`revocation_unknown\`, \`clock_suspect\`) are. Without an
active span there is none. Logs join in with \`createLogger({ trace: activeTrace })\`.
`;

/** @param {string} source the text of {@link metricsSource} @returns {Promise<string>} the text of {@link metricsFile} */
export async function renderMetrics(source) {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  const { METRIC_TABLE } = await import(`data:text/javascript,${encodeURIComponent(outputText)}`);
  const labelsOf = (labels) =>
    Object.entries(labels)
      .map(([label, values]) => `\`${label}\`: ${values}`)
      .join('<br>') || 'none';
  const rows = Object.values(METRIC_TABLE).map(
    ({ name, instrument, unit, meaning, labels, alert }) =>
      `| \`${name}\` | ${instrument} | \`${unit}\` | ${[meaning, labelsOf(labels), alert].map(cell).join(' | ')} |`,
  );
  const table = [
    '| metric | type | unit | what it measures | labels | alert |',
    '|---|---|---|---|---|---|',
    ...rows,
  ];
  return `${INTRODUCTION}\n${table.join('\n')}\n\n${SPANS}`;
}

const cell = (text) => text.replaceAll('|', '\\|');

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(
    join(root, metricsFile),
    await renderMetrics(readFileSync(join(root, metricsSource), 'utf8')),
  );
}
