import { describe, expect, it } from 'vitest';
import { METRIC_TABLE, METRICS } from '../src/index.js';

/** Names, descriptions and thresholds as the deployment guide has them. */
const GUIDE = {
  'stele.covenant.verify.latency_ms': ['histogram', 'P99 > 100 ms'],
  'stele.ccl.evaluate.latency_ms': ['histogram', 'P99 > 50 ms'],
  'stele.store.read.latency_ms': ['histogram', 'P99 > 200 ms'],
  'stele.enforcement.deny.count': ['counter', 'spike > 10 × baseline'],
  'stele.key.rotation.age_days': ['gauge', '> 90 days'],
};

describe('METRIC_TABLE', () => {
  it('has the metrics of the guide, with its thresholds, and first', () => {
    const rows = Object.values(METRIC_TABLE).slice(0, 5);
    const found = rows.map(({ name, instrument, alert }) => [name, [instrument, alert]]);
    expect(Object.fromEntries(found)).toEqual(GUIDE);
  });

  it('says of each what it is, in whole sentences, under a name that no other has', () => {
    const names = Object.values(METRIC_TABLE).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, instrument, unit, meaning, labels, alert } of Object.values(METRIC_TABLE)) {
      expect(name).toMatch(/^stele(\.[a-z]+)+(_[a-z]+)*$/);
      expect(['histogram', 'counter', 'gauge']).toContain(instrument);
      expect(name.endsWith('.count')).toBe(instrument === 'counter');
      expect(name.endsWith('_ms')).toBe(unit === 'ms');
      expect(meaning).toMatch(/^[A-Z0-9].*\.$/);
      expect(alert).not.toBe('');
      for (const [label, values] of Object.entries(labels)) {
        expect(label).toMatch(/^[a-z]+$/);
        expect(values).not.toBe('');
      }
    }
  });

  it('is frozen, entries and labels too', () => {
    expect(Object.isFrozen(METRIC_TABLE)).toBe(true);
    for (const info of Object.values(METRIC_TABLE)) {
      expect(Object.isFrozen(info)).toBe(true);
      expect(Object.isFrozen(info.labels)).toBe(true);
    }
  });
});

describe('METRICS', () => {
  it('is the names alone, frozen', () => {
    const names = Object.entries(METRIC_TABLE).map(([key, { name }]) => [key, name]);
    expect(METRICS).toEqual(Object.fromEntries(names));
    expect(METRICS.enforcementDenyCount).toBe('stele.enforcement.deny.count');
    expect(Object.isFrozen(METRICS)).toBe(true);
  });
});
