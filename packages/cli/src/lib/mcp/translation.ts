import { actionOf } from '@stele/sdk/adapters';
import { isRecord } from '../input.js';
import { compileMap, type Mapping } from '../replay/mapping.js';

/** How the calls of a server's tools are judged. */
export interface Translation {
  readonly mapping: Mapping;
  /** The action of a tool whatever its arguments are; undefined where it depends on them. */
  readonly actionOf: (tool: string) => string | undefined;
}

/**
 * A tool is judged as `<server>.<tool>` on `/`, unless a map says otherwise. `{tool}` in it stands for the tool's name as it stands
 * in an action: whoever names the tools cannot add a segment.
 * @throws CliError `map_invalid`
 */
export function translationOf(server: string, map: unknown = {}): Translation {
  const options = { action: `${server}.{tool}`, toolText: segmentOf };
  const ofActions = compileMap(withoutResources(map), options);
  return {
    mapping: compileMap(map, options),
    actionOf: (tool) => {
      const asked = ofActions({ tool, arguments: {} });
      return typeof asked === 'string' ? undefined : asked.action;
    },
  };
}

const segmentOf = (tool: string) => actionOf(tool, '').slice(1);

/** The same map, for actions alone. What is malformed stays so. */
function withoutResources(map: unknown): unknown {
  if (!isRecord(map)) return map;
  const { tools, default: otherwise } = map;
  const bare = (entry: unknown) => {
    if (!isRecord(entry)) return entry;
    const { resource: _, ...rest } = entry;
    return rest;
  };
  return {
    ...map,
    ...(isRecord(tools)
      ? { tools: Object.fromEntries(Object.entries(tools).map(([tool, entry]) => [tool, bare(entry)])) }
      : {}),
    ...(otherwise === undefined ? {} : { default: bare(otherwise) }),
  };
}
