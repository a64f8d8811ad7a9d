/** An audit log: whether it can be read, its writer, and whether it is as new as what was signed for it. */
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FileHeadKeeper, parseCheckpoint, parseNote } from '@stele/audit';
import { entryOf } from '../audit/entry.js';
import { type Head, readHead } from '../audit/head.js';
import { leavesOf } from '../audit/leaves.js';
import { openLog } from '../audit/log-name.js';
import { messageOf } from '../input.js';
import { count } from '../output.js';
import { bad, type Finding, fine } from './finding.js';

/** @param headFile where the host keeps the highest checkpoint; beside a log in a folder if not given */
export async function auditLog(name: string, headFile: string | undefined): Promise<Finding[]> {
  try {
    const { shown, reader, close } = await openLog(name);
    try {
      const head = await readHead(reader, shown);
      const isFolder = await stat(name).then(
        (found) => found.isDirectory(),
        () => false,
      );
      return [
        await newest(head),
        ...(isFolder || headFile !== undefined
          ? [await kept(head, headFile ?? `${resolve(name)}.head`)]
          : []),
        ...(isFolder ? [await writer(name)] : []),
      ];
    } finally {
      await close();
    }
  } catch (error) {
    return [bad('audit log', messageOf(error))];
  }
}

async function newest(head: Head): Promise<Finding> {
  let time: unknown;
  for await (const leaf of leavesOf(head.reader, head.size, Math.max(head.first, head.size - 1), head.size))
    time = entryOf(leaf).members.time;
  const last = typeof time === 'string' ? `, the newest of ${time}` : '';
  return fine('audit log', `${head.origin}, ${count(head.size)} entries signed${last}`);
}

/** The log must not be behind what was signed for it once: then it was put back to an earlier state. */
async function kept({ origin, size, root }: Head, path: string): Promise<Finding> {
  const name = 'audit head';
  const note = await new FileHeadKeeper(path).read();
  if (note === undefined)
    return fine(name, 'not beside the log: if its host keeps it elsewhere, give --audit-head');
  const highest = parseCheckpoint(parseNote(note).text);
  if (highest.origin !== origin) return bad(name, `it is of another log, ${highest.origin}`);
  const isOther = highest.size === size && Buffer.from(highest.root).toString('hex') !== root;
  if (highest.size > size || isOther)
    return bad(
      name,
      `${count(highest.size)} entries were signed; the log was put back to an earlier or another state`,
    );
  return fine(name, `${count(highest.size)} entries, not above the log`);
}

async function writer(folder: string): Promise<Finding> {
  const name = 'audit writer';
  const text = await readFile(`${resolve(folder)}.private/lock`, 'utf8').catch(() => '');
  const [host, pid] = text.slice(0, 512).split(' ');
  if (host === undefined || pid === undefined)
    return fine(name, 'nobody holds the lock, or it may not be read');
  return fine(name, `the lock is that of process ${pid} on ${host}`);
}
