/** Where measurements go: the one part that a host chooses. Everything in Stele finds it by itself. */
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

/** Registers an OpenTelemetry SDK. What it gives answers a scrape of Prometheus. */
export function startTelemetry() {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [exporter] }));
  return {
    /** @type {import('node:http').RequestListener} */
    scrape: (request, response) => exporter.getMetricsRequestHandler(request, response),
    async close() {
      metrics.disable();
      await exporter.shutdown();
    },
  };
}
