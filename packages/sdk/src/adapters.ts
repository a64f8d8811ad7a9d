/** Guards for the frameworks that agents act through. None of the frameworks need be installed to import this. */
export { steleSignal } from './adapters/admitted.js';
export {
  type PolicyAnswer,
  steleActiveTools,
  stelePolicyClient,
  steleToolApproval,
  type ToolApproval,
} from './adapters/ai-approval.js';
export {
  type AiToolGuardOptions,
  type NamedToolGuardOptions,
  type ToolLike,
  withStele,
  withSteleTools,
} from './adapters/ai-sdk.js';
export {
  type HookInput,
  type HookMatcher,
  type HookOutput,
  steleHooks,
} from './adapters/claude-agent.js';
export {
  type FastifyGuardOptions,
  type FastifyLike,
  type FastifyReplyLike,
  type FastifyRequestLike,
  type RouteChoices,
  steleFastify,
} from './adapters/fastify.js';
export { assertGoverned, type Ungoverned, ungoverned } from './adapters/governed.js';
export type { GuardOptions, HostFacts } from './adapters/guard.js';
export { type HonoContextLike, type HonoGuardOptions, steleHono } from './adapters/hono.js';
export {
  type HttpGuardOptions,
  type HttpRequestLike,
  type HttpResponseLike,
  steleMiddleware,
} from './adapters/http.js';
export {
  type AwaitedCall,
  type LangChainToolLike,
  type MiddlewareGuardOptions,
  SteleCallbackHandler,
  steleToolCall,
  type ToolCallRequestLike,
  type ToolMessageClass,
  withSteleTool,
} from './adapters/langchain.js';
export { type MastraGuardOptions, type MastraToolLike, withSteleMastra } from './adapters/mastra.js';
export {
  type Ask,
  actionOf,
  enforceToolCall,
  guardMcpServer,
  type McpGuardOptions,
  type McpServerLike,
  refuseToolCall,
  type ToolCallOptions,
  type ToolCallParams,
  type ToolDenial,
} from './adapters/mcp.js';
export {
  type FunctionGuardOptions,
  type FunctionToolLike,
  withSteleFunction,
} from './adapters/openai-agents.js';
export { pinTools, toolContracts } from './adapters/pin-tools.js';
export type { NamedTool, ToolGuardOptions } from './adapters/tool-call.js';
export type { ContractChoice } from './adapters/tool-contract.js';
