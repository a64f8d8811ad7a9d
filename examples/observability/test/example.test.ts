import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { METRIC_TABLE } from '@stele/types/metrics';
import { describe, expect, it, onTestFinished } from 'vitest';
import { work } from '../src/agent.mjs';
import { start } from '../src/server.mjs';

async function started() {
  const { close, ...rest } = await start();
  onTestFinished(close);
  return rest;
}

/** One scrape: every sample by its name and labels. */
async function scrape(url: string): Promise<Map<string, number>> {
  const response = await fetch(`${url}/metrics`);
  expect(response.status).toBe(200);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const [, series = '', value] = /^(.*) (\S+)$/.exec(line) ?? [];
      return [series.replace(/,?otel_scope_name="[^"]*"/, ''), Number(value)];
    }),
  );
}

describe('the example', () => {
  it('shows one busy minute to Prometheus', async () => {
    const { url, monitor } = await started();
    await work(monitor);
    const samples = await scrape(url);
    expect([...samples].filter(([name]) => name.startsWith('stele_decision_count_total'))).toEqual([
      ['stele_decision_count_total{code="permitted",effect="permit"}', 3],
      ['stele_decision_count_total{code="obligation_pending",effect="pending"}', 1],
      ['stele_decision_count_total{code="limit_exceeded",effect="deny"}', 1],
      ['stele_decision_count_total{code="no_matching_permit",effect="deny"}', 2],
    ]);
    expect(samples.get('stele_key_rotation_due{use="covenant"}')).toBe(0);
    expect(samples.get('stele_limit_charge_latency_ms_count{answer="refused"}')).toBe(1);
  });

  it('gives Prometheus the names that alerts and dashboard use, and no others', async () => {
    const { url, monitor } = await started();
    await work(monitor);
    const names = new Set([...(await scrape(url)).keys()].map((series) => series.split('{')[0] as string));
    const bases = Object.values(METRIC_TABLE).map(({ name }) => name.replaceAll('.', '_'));
    for (const name of [...names].filter((each) => each.startsWith('stele_')))
      expect(bases).toContain(name.replace(/_(bucket|count|sum|total)$/, ''));
    for (const name of ['stele_enforcement_deny_count_total', 'stele_ccl_evaluate_latency_ms_bucket'])
      expect(names).toContain(name);
  });

  it('runs as a program, and ends', () => {
    const program = fileURLToPath(new URL('../src/main.mjs', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('GET /readyz: 200 {"ready":true');
    expect(stdout).toContain('stele_decision_count_total{code="permitted",effect="permit"');
  });

  it('answers probes beside them, and nothing else', async () => {
    const { url } = await started();
    const get = async (path: string) => (await fetch(url + path)).status;
    expect(await Promise.all(['/healthz', '/readyz', '/health', '/other'].map(get))).toEqual([
      200, 200, 200, 404,
    ]);
  });
});
