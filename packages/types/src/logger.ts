import { type LoggerOptions as PinoOptions, pino } from 'pino';
import { cut, shownText, snapshotFields } from './lib/snapshot.js';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** How important a line is; a logger writes its own level and those after it. `silent` writes nothing. */
export type LogLevel = (typeof LEVELS)[number];

/** Where lines go: `process.stderr`, a file stream, or any object with `write`. */
export interface LogDestination {
  /** Takes one line of JSON that ends in `\n`. */
  write(line: string): unknown;
}

/** Options of {@link createLogger}. */
export interface LoggerOptions {
  /** The least level that is written; `info` unless given. */
  level?: LogLevel | undefined;
  /** Who is speaking; written to every line as `name`. */
  prefix?: string | undefined;
  /** Standard output unless given; in a browser the console. */
  destination?: LogDestination | undefined;
  /** Asked at each line for the active span; its ids are written as `trace_id` and `span_id`. See `activeTrace` of `@stele/sdk`. */
  trace?: (() => TraceIds | undefined) | undefined;
}

/** The ids of a span in W3C form: 32 and 16 lower-case hex characters. */
export interface TraceIds {
  readonly traceId: string;
  readonly spanId: string;
}

/** A structured logger: message first, then fields. Its methods never throw. */
export interface Logger {
  readonly level: LogLevel;
  trace(message: string, fields?: object): void;
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
  fatal(message: string, fields?: object): void;
  /** True when a line of this level would be written; ask before computing costly fields. */
  isLevelEnabled(level: LogLevel): boolean;
  /** A logger that writes `bindings` to each of its lines. They are copied now; later changes are not seen. */
  child(bindings: object): Logger;
}

type LineLevel = Exclude<LogLevel, 'silent'>;
type Fields = Readonly<Record<string, unknown>>;
type WriteLine = (level: LineLevel, message: string, fields: Fields) => void;

// The line's own fields. A caller's field of the same name would appear twice, and most readers believe the last.
const RESERVED = ['level', 'time', 'name', 'msg'];
const TRACE_FIELDS = ['trace_id', 'span_id'];

/**
 * A logger that writes one line of JSON per call. Fields named like keys or tokens are redacted at any depth, bytes
 * are written as their number only, and size and depth are bounded; nothing that is logged can throw or forge a line.
 * @throws RangeError for an unknown level, TypeError for a wrong prefix, destination or trace
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = 'info', prefix, destination, trace } = options;
  if (!LEVELS.includes(level)) throw new RangeError(`level must be one of ${LEVELS.join(', ')}`);
  if (prefix !== undefined && typeof prefix !== 'string') throw new TypeError('prefix must be a string');
  if (destination !== undefined && typeof destination?.write !== 'function') {
    throw new TypeError('destination must have a write function');
  }
  if (trace !== undefined && typeof trace !== 'function') throw new TypeError('trace must be a function');
  return loggerOver(lineOf(pinoWriter(level, prefix, destination), trace), level, {});
}

/** A line has its own fields, then those of the caller; where spans are asked for, their ids are the line's own, too. */
function lineOf(write: WriteLine, trace: LoggerOptions['trace']): WriteLine {
  const reserved = new Set(trace === undefined ? RESERVED : [...RESERVED, ...TRACE_FIELDS]);
  return (level, message, fields) => {
    const ids = trace === undefined ? {} : traceFields(trace);
    write(level, message, { ...ids, ...renamed(fields, reserved) });
  };
}

function loggerOver(write: WriteLine, level: LogLevel, bindings: Fields): Logger {
  const isLevelEnabled = (asked: LogLevel) =>
    asked !== 'silent' && LEVELS.indexOf(asked) >= LEVELS.indexOf(level);
  const log = (of: LineLevel) => (message: string, fields?: object) => {
    if (!isLevelEnabled(of)) return;
    try {
      const text = typeof message === 'string' ? shownText(message) : '[the message is not a string]';
      write(of, text, { ...bindings, ...snapshotFields(fields) });
    } catch {
      // A full disk or a closed pipe must not stop what is being logged.
    }
  };
  return Object.freeze({
    level,
    trace: log('trace'),
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    fatal: log('fatal'),
    isLevelEnabled,
    child: (more: object) =>
      loggerOver(write, level, Object.freeze({ ...bindings, ...snapshotFields(more) })),
  });
}

/** A field that is named like a part of the line itself gets an underscore. */
function renamed(fields: Fields, reserved: ReadonlySet<string>): Fields {
  const entries = Object.entries(fields);
  return Object.fromEntries(entries.map(([name, value]) => [reserved.has(name) ? `${name}_` : name, value]));
}

/** What is no pair of valid ids is left out, whatever the host's function does. */
function traceFields(trace: () => TraceIds | undefined): Fields {
  try {
    const { traceId, spanId } = trace() ?? {};
    return isId(traceId, 32) && isId(spanId, 16) ? { trace_id: traceId, span_id: spanId } : {};
  } catch {
    return {};
  }
}

const isId = (id: unknown, length: number): boolean =>
  typeof id === 'string' && id.length === length && /^[0-9a-f]*[1-9a-f][0-9a-f]*$/.test(id);

/** The lines are plain pino lines (`level`, `time`, `name`, fields, `msg`), so that every pino tool reads them. */
function pinoWriter(
  level: LogLevel,
  prefix: string | undefined,
  destination: LogDestination | undefined,
): WriteLine {
  const name = prefix === undefined ? {} : { name: cut(prefix, 128) };
  const formatters = { log: unwrap };
  const options: PinoOptions = {
    level,
    base: null,
    formatters,
    serializers: { err: (fields: unknown) => fields }, // already plain; pino would take it for an Error again
    hooks: { streamWrite: escapeControls },
    // What follows is read by pino's build for browsers alone, which knows neither `base` nor streams.
    browser: {
      asObject: true,
      formatters,
      ...(destination && {
        write: (line: object) => destination.write(`${escapeControls(JSON.stringify(line))}\n`),
      }),
    },
  };
  const logger = destination
    ? pino(options, { write: (line) => void destination.write(line) })
    : pino(options);
  return (lineLevel, message, fields) => logger[lineLevel]({ fields: { ...name, ...fields } }, message);
}

/** The fields travel wrapped, because pino takes an object with `method`, `headers` and `socket` for a raw request. */
function unwrap({ fields, ...line }: Record<string, unknown>): Record<string, unknown> {
  return { ...line, ...(fields as Fields) };
}

/**
 * JSON leaves DEL, the C1 controls, line separators and directional marks as they are; a terminal or a viewer may obey
 * them. Outside strings a line of JSON is ASCII, so escaping them changes no value.
 */
function escapeControls(line: string): string {
  return line.replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069\u200e\u200f]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
