/** The request that a command judges: a JSON text as it was printed, or action, resource and context apart. */
import type { Request } from '@stele/ccl';
import type { Command } from 'commander';
import type { Cli } from './cli.js';
import { CliError } from './errors.js';
import { isRecord, nameOf, readJsonObject, readText, refuseTwoInputs } from './input.js';
import { parseAnyJson } from './json.js';
import { jsonText, printable } from './output.js';
import { many } from './verify-flags.js';

/** The options that `addRequestOptions` defines, as commander hands them over. */
export interface RequestFlags {
  readonly request?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly context?: string;
  readonly arg?: string[];
}

type Context = Record<string, unknown>;

export function addRequestOptions(command: Command): Command {
  return command
    .argument('[action]', 'for example payments.refund; or the whole request, a JSON object')
    .argument('[resource]', 'for example /orders/7')
    .option('--action <action>', 'the action, instead of its place')
    .option('--resource <resource>', 'the resource, instead of its place')
    .option('--request <file>', 'the whole request, a JSON object; - for standard input')
    .option('--context <file>', 'the context, a JSON object; - for standard input')
    .addOption(
      many('--arg <key=value>', 'sets args.<key> in the context: JSON if it parses, else text; repeatable'),
    );
}

/** True for an argument that is a whole request: no action begins with a `{`. */
export function isRequestText(argument: string | undefined): argument is string {
  return argument?.trimStart().startsWith('{') === true;
}

/** What stands in its place on the command line. */
export interface RequestPlaces {
  /** The file of the rules, which may be standard input, too. */
  readonly rules: string;
  readonly action: string | undefined;
  readonly resource: string | undefined;
}

/**
 * The request of a command line.
 * @throws CliError `usage`, `not_json`, and those of reading files
 */
export async function readRequest(places: RequestPlaces, flags: RequestFlags, cli: Cli): Promise<Request> {
  refuseTwoInputs(places.rules, flags.request, flags.context);
  const whole = await wholeRequest(places, flags, cli);
  const { action, resource } = whole ?? {
    action: one(places.action, flags.action, 'action'),
    resource: one(places.resource, flags.resource, 'resource'),
  };
  const context = await contextOf(whole?.context, flags, cli);
  return { action, resource, context };
}

async function wholeRequest(
  { action, resource }: RequestPlaces,
  flags: RequestFlags,
  cli: Cli,
): Promise<Request | undefined> {
  const inPlace = isRequestText(action);
  if (!inPlace && flags.request === undefined) return undefined;
  const apart = [inPlace ? undefined : action, resource, flags.action, flags.resource];
  if ((inPlace && flags.request !== undefined) || apart.some((part) => part !== undefined))
    throw new CliError('usage', 'the request is given twice', 'leave out one of them');
  if (inPlace) return requestOf(action, 'the request');
  const path = flags.request as string;
  return requestOf(await readText(path, cli.streams), nameOf(path));
}

/**
 * The request of a JSON text: `{ "action", "resource", "context"? }` and nothing more. What its members hold is for the
 * language to judge.
 */
function requestOf(text: string, name: string): Request {
  const value = parseAnyJson(text, name);
  if (!isRecord(value)) throw new CliError('not_json', `${name} is not a JSON object`);
  const other = Object.keys(value).find((key) => !['action', 'resource', 'context'].includes(key));
  if (other !== undefined)
    throw new CliError(
      'not_json',
      `${name} has an unknown member ${printable(other, 64)}`,
      'a request has "action", "resource" and "context"; what is given to the action goes into "context"',
    );
  if (value.context !== undefined && !isRecord(value.context))
    throw new CliError('not_json', `the context of ${name} is not a JSON object`);
  return value as unknown as Request;
}

/** The command, indented, that asks the rules of a file for a request; to be pasted into a shell. */
export function checkCommand(path: string, request: Request): string {
  const file = /^[\w./-]+$/.test(path) ? path : `'${printable(path).replaceAll("'", `'\\''`)}'`;
  // As JSON, the request needs no quote of the shell's inside its quotes.
  return `  stele ccl check ${file} '${jsonText(request).replaceAll("'", '\\u0027')}'`;
}

/** A value that may stand in its place or as an option. */
function one(place: string | undefined, option: string | undefined, name: string): string {
  if (place !== undefined && option !== undefined)
    throw new CliError('usage', `the ${name} is given twice`, `leave out --${name}`);
  const value = place ?? option;
  if (value === undefined)
    throw new CliError('usage', `the ${name} is missing`, 'name an action and a resource behind the rules');
  return value;
}

async function contextOf(whole: Context | undefined, flags: RequestFlags, cli: Cli): Promise<Context> {
  const { context: file, arg = [] } = flags;
  const laid = file === undefined ? {} : await readJsonObject(file, cli.streams);
  const context: Context = { ...whole, ...laid };
  if (arg.length === 0) return context;
  if (context.args !== undefined && !isRecord(context.args))
    throw new CliError('usage', '--arg needs "args" of the context to be an object');
  const { parseJson } = await import('@stele/sdk');
  const args: Context = { ...context.args };
  for (const text of arg) setArgument(args, text, parseJson);
  return { ...context, args };
}

function setArgument(args: Context, text: string, parse: (text: string) => unknown): void {
  const equals = text.indexOf('=');
  if (equals < 1) throw new CliError('usage', `--arg is no key=value: ${printable(text, 64)}`);
  const value = readValue(text.slice(equals + 1), parse);
  // Defined, not assigned: `__proto__` is a name like any other.
  Object.defineProperty(args, text.slice(0, equals), {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function readValue(text: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(text);
  } catch {
    return text;
  }
}
