import { type ToolContract, toolDigest } from './tool-digest.js';

/**
 * The tool that a request is of, as a host tells its monitor beside the request. Nothing that an agent writes gets here: what
 * stands in the arguments, or in the context, says nothing of the tool.
 */
export class CalledTool {
  /** The name that covenants pin it by: what its calls are judged as, unless the host chooses another action. */
  readonly name: string;
  readonly #contract: () => ToolContract | Promise<ToolContract>;

  /** @param contract what the agent is shown of the tool now; asked only where a covenant pins tools, or an approval is asked for */
  constructor(name: string, contract: () => ToolContract | Promise<ToolContract>) {
    this.name = name;
    this.#contract = contract;
  }

  /**
   * The digest of the tool as it is now, each time anew.
   * @throws as `toolDigest`, and whatever the contract throws
   */
  async digest(): Promise<string> {
    return toolDigest(await this.#contract());
  }
}

/** What a host tells of a request beside it. */
export interface Asking {
  /** The tool; `none` for what is no call of a tool, such as a request over HTTP. Not given: a covenant that pins tools denies. */
  readonly tool?: CalledTool | 'none' | undefined;
}
