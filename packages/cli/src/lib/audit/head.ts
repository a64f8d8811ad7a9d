import { type LogReader, parseCheckpoint, parseNote } from '@stele/audit';
import { CliError } from '../errors.js';

/** A log as one checkpoint says that it is; what is published meanwhile changes nothing. */
export interface Head {
  readonly origin: string;
  readonly size: number;
  /** 64 hex digits. */
  readonly root: string;
  /** The note, whose signature nobody has looked at. */
  readonly checkpoint: string;
  /** The first index that is still there. */
  readonly first: number;
  /** The same log, of which this is the newest checkpoint. */
  readonly reader: LogReader;
}

/**
 * Reads the newest checkpoint of a log.
 * @throws CliError `log_unsigned` where there is none; AuditError
 */
export async function readHead(reader: LogReader, shown: string): Promise<Head> {
  const checkpoint = await reader.checkpoint();
  if (checkpoint === undefined)
    throw new CliError(
      'log_unsigned',
      `the log ${shown} has no checkpoint`,
      'its writer signs the first one within a second of the first entry; is this the folder of a log?',
    );
  const { origin, size, root } = parseCheckpoint(parseNote(checkpoint).text);
  return {
    ...{ origin, size, checkpoint },
    root: Buffer.from(root).toString('hex'),
    first: await reader.first(),
    reader: pinned(reader, checkpoint),
  };
}

function pinned(reader: LogReader, checkpoint: string): LogReader {
  return {
    name: reader.name,
    checkpoint: async () => checkpoint,
    tile: (level, index, width) => reader.tile(level, index, width),
    entries: (index, width) => reader.entries(index, width),
    first: () => reader.first(),
  };
}
