/** Which functions stand behind a guard, so that a host can ask whether it forgot one. */
import { SteleError } from '@stele/types/errors';

// One for every copy of this package in the process: what asks may have another copy than what guards.
const REGISTRY = Symbol.for('stele.governed');
const shared = globalThis as { [REGISTRY]?: WeakSet<object> };
shared[REGISTRY] ??= new WeakSet();
const governed = shared[REGISTRY];

/** Notes that a function judges before it runs. */
export function markGoverned<T extends object>(run: T): T {
  governed.add(run);
  return run;
}

export const isGoverned = (run: object): boolean => governed.has(run);

/** A tool that could run without being judged. */
export interface Ungoverned {
  readonly name: string;
  readonly why: string;
}

/** The members that frameworks call, and those that stand behind or before them. */
const ENTRIES = ['_call', 'func', 'execute', 'invoke', 'call', 'handler', 'callback'] as const;

type Entry = (typeof ENTRIES)[number];
type ToolEntries = Partial<Record<Entry | 'name' | 'id', unknown>> & Server;

/** The server of an SDK of MCP, or the one that it holds. */
interface Server {
  readonly server?: unknown;
  readonly _requestHandlers?: unknown;
}

/**
 * The tools of a set or list that no guard of this process stands before: unwrapped ones, clones made of what was inside, those
 * with another way in beside the guarded one, and those that run at the provider, out of reach of any guard here. A server of MCP
 * counts as one tool: all calls come in at the same place.
 * @throws TypeError for what is no plain object or list, such as a Map: its tools could not be seen
 */
export function ungoverned(tools: Readonly<Record<string, unknown>> | readonly unknown[]): Ungoverned[] {
  return listedTools(tools).flatMap(([name, tool]) => {
    const why = whyUngoverned(tool as ToolEntries);
    return why === undefined ? [] : [{ name, why }];
  });
}

/**
 * Tools with their names.
 * @throws TypeError as `ungoverned`
 */
export function listedTools(
  tools: Readonly<Record<string, unknown>> | readonly unknown[],
): (readonly [name: string, tool: unknown])[] {
  if (typeof tools !== 'object' || tools === null || (Symbol.iterator in tools && !Array.isArray(tools)))
    throw new TypeError('tools are a list, or an object with the tools under their names');
  return Object.entries(tools).map(
    ([key, tool]) => [nameOf(key, tool as ToolEntries, Array.isArray(tools)), tool] as const,
  );
}

/** @throws SteleError `tool_ungoverned` naming every tool that could run without being judged; TypeError as `ungoverned` */
export function assertGoverned(tools: Readonly<Record<string, unknown>> | readonly unknown[]): void {
  const found = ungoverned(tools);
  if (found.length === 0) return;
  const list = found.slice(0, 20).map(({ name, why }) => `${JSON.stringify(name)} (${why})`);
  const more = found.length > 20 ? ` and ${found.length - 20} more` : '';
  throw new SteleError(
    'tool_ungoverned',
    `tools that could run without a decision: ${list.join(', ')}${more}`,
    {
      hint: 'wrap each of them with the guard of its framework, or leave it out',
    },
  );
}

function whyUngoverned(tool: ToolEntries | null | undefined): string | undefined {
  if (typeof tool !== 'object' || tool === null) return 'it is no tool';
  const handlers = handlersOf(tool);
  if (handlers !== undefined)
    return isGuarded(handlers.get('tools/call')) ? undefined : 'its calls of tools are not guarded';
  const entries = ENTRIES.filter((name) => typeof tool[name] === 'function');
  if (entries.length === 0) return 'it runs where no guard here can reach it';
  const open = entries.find((name) => !isGuarded(tool[name]) && !leadsToCall(tool, name));
  return open && `its ${open} is not guarded`;
}

const isGuarded = (run: unknown): boolean => typeof run === 'function' && governed.has(run);

/** What a server of MCP dispatches by; undefined for what is none. */
function handlersOf(server: Server): ReadonlyMap<string, unknown> | undefined {
  const handlers = server._requestHandlers ?? (server.server as Server | undefined)?._requestHandlers;
  return handlers instanceof Map ? handlers : undefined;
}

/** The methods of LangChain's classes go through `_call`; a function that was put on one tool need not. */
function leadsToCall(tool: ToolEntries, name: Entry): boolean {
  if ((name !== 'invoke' && name !== 'call') || !isGuarded(tool._call)) return false;
  let holder: object | null = tool;
  while (holder !== null && !Object.hasOwn(holder, name)) holder = Object.getPrototypeOf(holder);
  return holder !== null && Object.hasOwn(holder, 'constructor');
}

function nameOf(key: string, tool: ToolEntries | null | undefined, isList: boolean): string {
  const own = tool?.name ?? tool?.id;
  return isList && typeof own === 'string' ? own : key;
}
