/** A real OpenTelemetry SDK, registered for one test. */
import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { type Histogram, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { onTestFinished } from 'vitest';

class Reader extends MetricReader {
  override async onForceFlush(): Promise<void> {}
  override async onShutdown(): Promise<void> {}
}

/** One time series: its labels, and how often it was measured or what it counts. */
export interface Series {
  readonly name: string;
  readonly unit: string;
  readonly labels: Record<string, unknown>;
  readonly value: number;
  readonly bounds?: readonly number[];
}

/** Registers a meter provider. `series()` collects everything that was measured so far. */
export function meters() {
  const reader = new Reader();
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  onTestFinished(() => metrics.disable());
  const series = async (): Promise<Series[]> => {
    const { resourceMetrics } = await reader.collect();
    return resourceMetrics.scopeMetrics
      .filter(({ scope }) => scope.name === '@stele/sdk')
      .flatMap(({ metrics: all }) =>
        all.flatMap(({ descriptor: { name, unit }, dataPoints }) =>
          dataPoints.map((point) => ({ name, unit, labels: point.attributes, ...measured(point.value) })),
        ),
      );
  };
  const values = async (name: string) =>
    (await series()).filter((each) => each.name === name).map(({ labels, value }) => [labels, value]);
  return { series, values };
}

function measured(value: unknown): Pick<Series, 'value' | 'bounds'> {
  if (typeof value === 'number') return { value };
  const { count, buckets } = value as Histogram;
  return { value: count, bounds: buckets.boundaries };
}

/** Registers a tracer provider with a context manager. `spans()` are those that have ended. */
export function tracers() {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  onTestFinished(() => {
    trace.disable();
    context.disable();
  });
  const spans = (): ReadableSpan[] => exporter.getFinishedSpans();
  const inside = <T>(run: () => Promise<T>): Promise<T> =>
    trace.getTracer('host').startActiveSpan('host', async (span) => {
      try {
        return await run();
      } finally {
        span.end();
      }
    });
  return { spans, inside };
}
