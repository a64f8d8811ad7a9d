import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import type { EncryptionFlags } from '../encryption-keys.js';
import { Progress } from '../progress.js';

/** What every command over stores takes. */
export interface StoreFlags extends EncryptionFlags {
  readonly progress?: boolean;
  readonly json?: true;
}

export const STORE_ARGUMENT =
  'a folder (FileStore), a file or sqlite:PATH (SqliteStore), postgres://…?schema=…, redis://…?prefix=… or dynamodb://TABLE?region=…';

export function addProgressOptions(command: Command): Command {
  return command
    .option('--progress', 'draw the progress bar although standard error is no terminal')
    .option('--no-progress', 'draw no progress bar');
}

export function progressOf(task: string, total: number, { progress: show }: StoreFlags, cli: Cli): Progress {
  return new Progress(cli.streams.stderr, { task, unit: 'records', total, show });
}
