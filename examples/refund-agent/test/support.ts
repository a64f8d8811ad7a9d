import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openPaper } from '../src/paper.mjs';
import { tellStory } from '../src/story.mjs';

export const folder = fileURLToPath(new URL('..', import.meta.url));
export const covenant = readFileSync(join(folder, 'covenant.ccl'), 'utf8');

/** In memory where that goes: these tests are about what is decided, and a day waits for the disk hundreds of times. */
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Runs `use` with a folder of its own, which is removed afterwards. */
export async function inFolder<T>(use: (path: string) => T | Promise<T>): Promise<T> {
  const path = mkdtempSync(join(PLACE, 'refund-agent-'));
  try {
    return await use(path);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

/** The whole day under a covenant, with what was printed. */
export async function runDay(constraints: string) {
  let text = '';
  const paper = openPaper((part) => {
    text += part;
  });
  const story = await inFolder((out) => tellStory({ constraints, out, paper }));
  const table = text.split('\n').filter((line) => /^ {2}\d\d:\d\d:\d\d /.test(line));
  const codes = story.rows.map(({ record }) => record?.code ?? 'unreadable');
  return { ...story, text, table, codes };
}

/** The covenant without the one statement that contains `words`. */
export function without(words: string): string {
  const lines = covenant.split('\n');
  const left = lines.filter((line) => !line.includes(words));
  if (left.length !== lines.length - 1)
    throw new Error(`${lines.length - left.length} lines have “${words}”`);
  return left.join('\n');
}
