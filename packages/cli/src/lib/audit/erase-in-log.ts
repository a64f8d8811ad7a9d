/** Erasing as the writer of a log, so that the log says it. */
import {
  AuditLog,
  FileHeadKeeper,
  FileLogBackend,
  type LogBackend,
  SqliteLogBackend,
  type SubjectKeys,
} from '@stele/audit';
import type { KeyPair, Signer } from '@stele/sdk';
import { isSqlite, pathOf, serverOf } from './log-name.js';

export interface Erased {
  /** Whether there was a key to destroy. */
  readonly erased: boolean;
  /** Of the entry that says so. */
  readonly index?: number;
  /** With it, it can be shown whose that entry is. */
  readonly salt?: string;
}

export interface ToErase {
  readonly origin: string;
  readonly signer: KeyPair | Signer;
  readonly keys: SubjectKeys;
  readonly subject: string;
  readonly head: string | undefined;
}

/** @throws AuditError `audit_log_locked` beside another writer, `audit_log_foreign` for another key, and as opening does */
export async function eraseInLog(
  name: string,
  { origin, signer, keys, subject, head }: ToErase,
): Promise<Erased> {
  const heads = head === undefined ? {} : { heads: new FileHeadKeeper(head) };
  const log = await AuditLog.open(await backendOf(name), { origin, signer, values: { keys }, ...heads });
  try {
    const { erased, receipt, salt } = await log.eraseSubject(subject);
    return { erased, index: receipt.index, salt };
  } finally {
    await log.close();
  }
}

async function backendOf(name: string): Promise<LogBackend> {
  const server = serverOf(name);
  if (server !== undefined) {
    const { PostgresLogBackend } = await import('@stele/audit/postgres');
    return new PostgresLogBackend(server.url, server.options);
  }
  const path = pathOf(name);
  return (await isSqlite(path)) ? new SqliteLogBackend(path) : new FileLogBackend(path);
}
