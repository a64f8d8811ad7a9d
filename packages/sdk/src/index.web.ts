/**
 * The SDK under the conditions `browser`, `worker` and `workerd`: what needs a disk is absent.
 * @module
 */
export { createLogger, type Logger, type LoggerOptions } from '@stele/types';
export * from './portable.js';
