/** The process itself: its memory and its event loop. */
import { totalmem } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { HEALTHY, type HealthComponent, type HealthFinding } from '../component.js';
import { cgroupMemory, type MemoryUse, type ReadText, readText } from './cgroup.js';
import { componentOf, type Look, rounded } from './components.js';
import { OneAtATime } from './one-at-a-time.js';

const RESOLUTION_MS = 20;
const WINDOW_MS = 60_000;
/** Of fewer intervals the 99th percentile is the longest: one pause while a program starts would look like a slow loop. */
const JUDGED_MS = 10_000;
const NS_PER_MS = 1e6;

const asked = new OneAtATime<MemoryUse>();
const SELF = {};

/** The memory that is used against the limit of the control group, or of the machine where there is none. */
export async function memoryComponent(
  threshold: number,
  look: Look,
  read = readText,
): Promise<HealthComponent> {
  const answer = await asked.ask(SELF, () => memoryUse(read), look.timeoutMs);
  const judge = ({ usedBytes, limitBytes, source }: MemoryUse): HealthFinding => {
    const share = rounded(usedBytes / limitBytes);
    const facts = { usedBytes, limitBytes, share, source };
    return usedBytes > threshold * limitBytes
      ? { status: 'degraded', code: 'memory_high', facts }
      : { ...HEALTHY, facts };
  };
  return componentOf('memory', answer, judge, look);
}

/** Without a limit of its own a process is measured alone: what others use of the machine is not its health. */
async function memoryUse(read: ReadText): Promise<MemoryUse> {
  const limitBytes = totalmem();
  const limited = await cgroupMemory(limitBytes, read);
  return limited ?? { usedBytes: process.memoryUsage.rss(), limitBytes, source: 'machine' };
}

/** What is used of a histogram of `node:perf_hooks`. */
export interface DelayHistogram {
  readonly max: number;
  percentile(percent: number): number;
  reset(): void;
}

/** How late timers ran, over about the last minute in which someone asked. */
export class EventLoopWatch {
  readonly #histogram: DelayHistogram;
  readonly #clock: () => number;
  #since: number;

  constructor(histogram: DelayHistogram, clock: () => number) {
    this.#histogram = histogram;
    this.#clock = clock;
    this.#since = clock();
  }

  /** @param thresholdMs of the 99th percentile; not judged in the first ten seconds of a window */
  finding(thresholdMs: number): HealthFinding {
    const windowMs = this.#clock() - this.#since;
    const p99Ms = lateness(this.#histogram.percentile(99));
    const maxMs = lateness(this.#histogram.max);
    const facts = { p99Ms, maxMs, windowSeconds: Math.round(windowMs / 1_000), thresholdMs };
    if (windowMs >= WINDOW_MS) this.#beginAnew();
    return p99Ms > thresholdMs && windowMs >= JUDGED_MS
      ? { status: 'degraded', code: 'event_loop_slow', facts }
      : { ...HEALTHY, facts };
  }

  #beginAnew(): void {
    this.#histogram.reset();
    this.#since = this.#clock();
  }
}

/** The histogram holds whole intervals, of which one resolution is as it should be. */
const lateness = (nanoseconds: number): number =>
  Math.max(0, rounded(nanoseconds / NS_PER_MS - RESOLUTION_MS));

let watch: EventLoopWatch | undefined;

/** Begins to watch the event loop, once in a process: a timer every 20 ms that keeps nothing alive. */
export function watchEventLoop(): EventLoopWatch {
  if (watch !== undefined) return watch;
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  watch = new EventLoopWatch(histogram, () => performance.now());
  return watch;
}

/** How late the event loop runs. */
export function eventLoopComponent(thresholdMs: number): HealthComponent {
  return { name: 'event_loop', ...watchEventLoop().finding(thresholdMs), latencyMs: 0 };
}
