/** Which functions stand behind a guard, so that a host can ask whether it forgot one. */
import { SteleError } from '@stele/types/errors';

const governed = new WeakSet<object>();

/** Notes that a function judges before it runs. */
export function markGoverned<T extends object>(run: T): T {
  governed.add(run);
  return run;
}

/** A tool that could run without being judged. */
export interface Ungoverned {
  readonly name: string;
  readonly why: string;
}

/** The members that frameworks call, the one that all others go through first. */
const ENTRIES = ['_call', 'execute', 'invoke', 'handler'] as const;

type ToolEntries = Partial<Record<(typeof ENTRIES)[number] | 'name' | 'id', unknown>>;

/**
 * The tools of a set or list that no guard of this process stands before: unwrapped ones, clones made of what was inside, and
 * those that run at the provider, out of reach of any guard here.
 * @throws TypeError for what is no plain object or list, such as a Map: its tools could not be seen
 */
export function ungoverned(tools: Readonly<Record<string, unknown>> | readonly unknown[]): Ungoverned[] {
  if (typeof tools !== 'object' || tools === null || (Symbol.iterator in tools && !Array.isArray(tools)))
    throw new TypeError('tools are a list, or an object with the tools under their names');
  return Object.entries(tools).flatMap(([key, tool]) => {
    const why = whyUngoverned(tool as ToolEntries);
    return why === undefined ? [] : [{ name: nameOf(key, tool as ToolEntries, Array.isArray(tools)), why }];
  });
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
  const entry = ENTRIES.find((name) => typeof tool[name] === 'function');
  if (entry === undefined) return 'it runs where no guard here can reach it';
  return governed.has(tool[entry] as object) ? undefined : `its ${entry} is not guarded`;
}

function nameOf(key: string, tool: ToolEntries | null | undefined, isList: boolean): string {
  const own = tool?.name ?? tool?.id;
  return isList && typeof own === 'string' ? own : key;
}
