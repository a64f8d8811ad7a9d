export { DECISION_CODES, type DecisionCode, type DecisionCodeInfo, isDecisionCode } from './codes.js';
export { isSteleError, SteleError, type SteleErrorOptions } from './errors.js';
export {
  createLogger,
  type LogDestination,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  type TraceIds,
} from './logger.js';
export { METRIC_TABLE, METRICS, type MetricInfo, type MetricKey, type MetricName } from './metrics.js';
