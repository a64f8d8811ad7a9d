/** The tiles of a log as files. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { DiskRoom } from '../src/lib/disk-room.js';
import { TileFiles } from '../src/lib/tile-files.js';
import { memoryFolder } from './support/folders.js';

describe('tiles in files', () => {
  it('are written into more folders than it remembers to be there', async () => {
    const folder = memoryFolder();
    const tiles = new TileFiles(folder, new DiskRoom(join(folder, 'reserve'), folder));
    // A thousand tiles of a level share a folder.
    const tile = (place: number) => ({
      level: 0,
      index: place * 1_000,
      width: 256,
      bytes: Buffer.of(place % 256),
    });
    const places = Array.from({ length: 1_002 }, (_, place) => place);
    await tiles.write(places.map(tile));
    await tiles.write([tile(1_002), { ...tile(0), index: 1 }]);
    for (const place of [0, 1_001, 1_002]) {
      assert.deepEqual(await tiles.read(0, place * 1_000, 256), Buffer.of(place % 256));
    }
    assert.deepEqual(await tiles.read(0, 1, 256), Buffer.of(0));
  });
});
