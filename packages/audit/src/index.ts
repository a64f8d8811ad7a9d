/**
 * The transparency log of decisions: append, prove, export and verify, in public formats.
 * @module
 */
export type {
  Appended,
  HeadKeeper,
  LogBackend,
  LogReader,
  LogRecord,
  LogTile,
  Publication,
} from './backend.js';
export type {
  DecisionEntry,
  DecisionRecord,
  EventRecord,
  LogEntry,
  Outcome,
  OutcomeRecord,
  Receipt,
} from './entry.js';
export { AuditError, type AuditErrorCode } from './errors.js';
