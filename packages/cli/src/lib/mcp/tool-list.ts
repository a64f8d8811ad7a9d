import { INTERNAL_ERROR, isParams, type Params, RpcError } from './messages.js';

/** A tool as a server lists it. */
export type ListedTool = Params & { readonly name: string };

const MAX_PAGES = 1_000;
const MAX_TOOLS = 10_000;

/** The tools of a page. What has no name is none. */
export function toolsOf(page: unknown): ListedTool[] {
  const tools = isParams(page) && Array.isArray(page.tools) ? page.tools : [];
  return tools.filter((tool): tool is ListedTool => isParams(tool) && typeof tool.name === 'string');
}

/** Lists all tools of a server, page after page. */
export class ToolLister {
  readonly #list: (params: Params) => Promise<unknown>;
  #underWay: Promise<readonly ListedTool[]> | undefined;

  constructor(list: (params: Params) => Promise<unknown>) {
    this.#list = list;
  }

  /**
   * The tools as they are now. Calls that come while a listing is under way share it.
   * @throws RpcError
   */
  all(): Promise<readonly ListedTool[]> {
    this.#underWay ??= this.#pages().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #pages(): Promise<readonly ListedTool[]> {
    const tools: ListedTool[] = [];
    let cursor: unknown;
    for (let page = 0; page < MAX_PAGES; page++) {
      const answer = await this.#list(cursor === undefined ? {} : { cursor });
      tools.push(...toolsOf(answer));
      cursor = isParams(answer) ? answer.nextCursor : undefined;
      if (tools.length > MAX_TOOLS) break;
      if (cursor === undefined || cursor === null) return tools;
    }
    throw new RpcError(INTERNAL_ERROR, 'the upstream server has too many tools');
  }
}
