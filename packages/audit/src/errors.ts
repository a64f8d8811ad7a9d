import { SteleError } from '@stele/types/errors';

export type AuditErrorCode =
  /** Another process writes to this log. */
  | 'audit_log_locked'
  /** What is there was changed, or cannot be read. */
  | 'audit_log_corrupt'
  /** The log is smaller than, or inconsistent with, the highest checkpoint that was signed for it. */
  | 'audit_log_rolled_back'
  /** The log has another origin, or was signed by a key that was not named. */
  | 'audit_log_foreign'
  /** It was written by a newer version of this software. */
  | 'audit_log_version'
  /** It cannot be written or read at present. What was being appended is not acknowledged. */
  | 'audit_log_unavailable'
  /** Too many entries wait. */
  | 'audit_log_full'
  /** What disk is left is kept for permits and outcomes. */
  | 'audit_disk_low'
  | 'audit_log_closed'
  /** The entry is no plain I-JSON of a known form, or its leaf is longer than 65,535 bytes. */
  | 'entry_refused'
  /** No such entry, or none of that index yet or any more. */
  | 'entry_not_found'
  /** A note, checkpoint, key or proof that is not of its format. */
  | 'note_malformed'
  /** A note without a signature of a key that was named. */
  | 'note_unsigned'
  /** The witnesses that were asked for have not all signed. */
  | 'witnesses_missing'
  /** An export that is not whole, or not of its form. */
  | 'export_malformed'
  /** Something is there already, and is not overwritten. */
  | 'export_exists'
  /** Sealed values that cannot be opened: another key, or not as they were written. */
  | 'values_unreadable'
  /** The subject's key was destroyed. */
  | 'values_erased'
  /** Keys of subjects cannot be had, made or destroyed at present. */
  | 'subject_keys_unavailable';

/** Something about a log failed. `code` is stable: test it, never the message. */
export class AuditError extends SteleError<AuditErrorCode> {}
