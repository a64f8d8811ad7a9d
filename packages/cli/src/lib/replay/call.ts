import { parseJson } from '@stele/sdk';
import { isRecord, messageOf } from '../input.js';
import { parseInstant } from '../times.js';
import { MAX_LINE, type RawLine } from './lines.js';

/** One recorded tool call. */
export interface Call {
  /** The number of its line. */
  readonly line: number;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970; undefined where the line has none. */
  readonly time: number | undefined;
  /** Which run it belongs to. */
  readonly trace: string;
}

/**
 * Reads one line: a JSON object with `tool`, a string, and where they are there `arguments`, an object, `time`, RFC 3339
 * or milliseconds since 1970, and `trace`, a string or number. Other members are not looked at.
 * @returns the call, what is wrong with the line, or undefined for a blank line
 */
export function readCall({ number, bytes }: RawLine): Call | string | undefined {
  if (bytes === undefined) return `longer than ${MAX_LINE} bytes`;
  if (isBlank(bytes)) return undefined;
  let value: unknown;
  try {
    value = parseJson(bytes, { maxBytes: MAX_LINE });
  } catch (error) {
    return messageOf(error).replace(/ \(line 1, column (\d+)\)$/, ' (column $1)');
  }
  return isRecord(value) ? callOf(value, number) : 'it is no JSON object';
}

function callOf(value: Readonly<Record<string, unknown>>, line: number): Call | string {
  // Own members only: nothing that an object inherits is read as part of a call.
  const member = (name: string) => (Object.hasOwn(value, name) ? value[name] : undefined);
  const tool = member('tool');
  if (typeof tool !== 'string') return '"tool" must be a string';
  const args = member('arguments') ?? {};
  if (!isRecord(args)) return '"arguments" must be an object';
  const time = timeOf(member('time'));
  if (time === null) return '"time" must be RFC 3339 with Z or an offset, or milliseconds since 1970';
  const trace = member('trace') ?? '';
  if (typeof trace !== 'string' && typeof trace !== 'number') return '"trace" must be a string or a number';
  return { line, tool, arguments: args, time, trace: typeof trace === 'number' ? `#${trace}` : `'${trace}` };
}

const MAX_TIME = 8.64e15;

/** undefined without a time, null for one that is none. */
function timeOf(value: unknown): number | undefined | null {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return Math.abs(value) <= MAX_TIME ? value : null;
  return typeof value === 'string' ? (parseInstant(value) ?? null) : null;
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
