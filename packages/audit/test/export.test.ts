import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { exportLog } from '../src/export.js';
import { verifyExport } from '../src/verify-export.js';
import { keyOf, leaves, madeLog, readerOf, vkey } from './support/made-log.js';

const folder = mkdtempSync(join(tmpdir(), 'stele-export-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const key = await keyOf(1);
const keys = [vkey(key)];

describe('an export', () => {
  it.each(
    [1, 255, 256, 300, 700].flatMap(
      (size) =>
        [
          [size, ''],
          [size, '.tar'],
        ] as const,
    ),
  )('of %i entries to *%s verifies', async (size, ending) => {
    const path = join(folder, `e${size}${ending}`);
    await exportLog(readerOf(await madeLog(leaves(size), key)), path);
    expect(await verifyExport(path, { keys })).toMatchObject({ valid: true, size, to: size });
  });

  it('is the same file each time', async () => {
    const reader = readerOf(await madeLog(leaves(300), key));
    await exportLog(reader, join(folder, 'a.tar'));
    await exportLog(reader, join(folder, 'b.tar'));
    expect(readFileSync(join(folder, 'a.tar'))).toEqual(readFileSync(join(folder, 'b.tar')));
  });

  it('may be an archive of a beginning', async () => {
    const reader = readerOf(await madeLog(leaves(700), key));
    await exportLog(reader, join(folder, 'c.tar'), { to: 512 });
    expect(await verifyExport(join(folder, 'c.tar'), { keys })).toMatchObject({
      valid: true,
      size: 700,
      to: 512,
    });
  });
});
