/** The alerts and the dashboard speak of metrics that exist, and promtool agrees with them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { METRIC_TABLE, type MetricInfo } from '@stele/types/metrics';
import { describe, expect, it } from 'vitest';
import { havePromtool, promtool } from '../../../test/support/promtool.js';

const at = (path: string) => fileURLToPath(new URL(`../../../deploy/${path}`, import.meta.url));
const alerts = readFileSync(at('prometheus/alerts.yml'), 'utf8');
const alertTests = readFileSync(at('prometheus/alerts.test.yml'), 'utf8');
const dashboard = readFileSync(at('grafana/stele.json'), 'utf8');

/** The names under which Prometheus knows a metric. */
function prometheusNames({ name, instrument }: MetricInfo): string[] {
  const plain = name.replaceAll('.', '_');
  if (instrument === 'counter') return [`${plain}_total`];
  return instrument === 'gauge' ? [plain] : ['_bucket', '_count', '_sum'].map((suffix) => plain + suffix);
}

const table = Object.values(METRIC_TABLE);
const known = new Map(table.flatMap((info) => prometheusNames(info).map((name) => [name, info])));
const used = (text: string) => new Set(text.match(/\bstele_[a-z_]+/g));

describe.each([
  ['the alerts', alerts],
  ['their tests', alertTests],
  ['the dashboard', dashboard],
])('%s', (_, text) => {
  it('use metrics that exist', () => {
    expect(used(text).size).toBeGreaterThan(10);
    for (const name of used(text)) expect([...known.keys()]).toContain(name);
  });

  it('select labels that those metrics have', () => {
    const selectors = [...text.matchAll(/\b(stele_[a-z_]+)\{([^}]*)\}/g)];
    expect(selectors.length).toBeGreaterThan(3);
    for (const [, name = '', matchers = ''] of selectors) {
      const labels = [...matchers.matchAll(/([a-z_]+)\s*=/g)].map((match) => match[1]);
      const own = Object.keys(known.get(name)?.labels ?? {});
      for (const label of labels) expect([...own, 'job', 'instance', 'le']).toContain(label);
    }
  });
});

it('the dashboard shows every metric, the alerts watch each', () => {
  for (const text of [dashboard, alerts]) {
    const names = used(text);
    for (const info of table)
      expect([info.name, prometheusNames(info).some((name) => names.has(name))]).toEqual([info.name, true]);
  }
});

it('every alert is tested, to fire and to be silent', () => {
  const names = [...alerts.matchAll(/- alert: (\w+)/g)].map((match) => match[1] as string);
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) {
    const cases = [
      ...alertTests.matchAll(new RegExp(`alertname: ${name}\\b,?\\s+exp_alerts:\\s*(\\S+)`, 'g')),
    ];
    const silent = cases.filter((match) => match[1]?.startsWith('[]'));
    expect([name, cases.length > silent.length, silent.length > 0]).toEqual([name, true, true]);
  }
});

it('every panel of the dashboard asks something and says what it shows', () => {
  const { panels } = JSON.parse(dashboard) as { panels: { description: string; targets: unknown[] }[] };
  for (const { description, targets } of panels) {
    expect(description).toMatch(/\.$/);
    expect(targets.length).toBeGreaterThan(0);
  }
});

describe.skipIf(!havePromtool)('promtool (Prometheus)', () => {
  it('takes the alerts and finds that they do as their tests say', () => {
    expect(promtool('check', 'rules', at('prometheus/alerts.yml'))).toMatchObject({ status: 0 });
    expect(promtool('test', 'rules', at('prometheus/alerts.test.yml'))).toMatchObject({ status: 0 });
  });

  it('takes every question of the dashboard', () => {
    const { panels } = JSON.parse(dashboard) as { panels: { targets: { expr: string }[] }[] };
    const asked = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    const rules = asked.map((expr, i) => ({
      record: `panel:${i}`,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', '.*'),
    }));
    const folder = mkdtempSync(join(tmpdir(), 'stele-dashboard-'));
    try {
      const file = join(folder, 'rules.json');
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] })); // JSON is YAML
      expect(promtool('check', 'rules', file)).toMatchObject({ status: 0 });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('finds an alert that does not do as its test says', () => {
    const folder = mkdtempSync(join(tmpdir(), 'stele-alerts-'));
    try {
      writeFileSync(join(folder, 'alerts.yml'), alerts.replace('> 90', '> 900'));
      writeFileSync(join(folder, 'alerts.test.yml'), alertTests);
      expect(promtool('test', 'rules', join(folder, 'alerts.test.yml')).status).toBe(1);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
