/** Guards for the frameworks that agents act through. None of the frameworks need be installed to import this. */
export {
  type NamedToolGuardOptions,
  type ToolGuardOptions,
  type ToolLike,
  withStele,
  withSteleTools,
} from './adapters/ai-sdk.js';
export type { GuardOptions, HostFacts } from './adapters/guard.js';
export {
  type HttpGuardOptions,
  type HttpRequestLike,
  type HttpResponseLike,
  steleMiddleware,
} from './adapters/http.js';
