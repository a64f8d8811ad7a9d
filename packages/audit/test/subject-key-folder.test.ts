/** Keys of subjects on a disk: for several processes, through crashes, and gone when they are destroyed. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hmacSha256, toHex } from '@stele/crypto';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { MemorySubjectKeys, type SubjectKey, SubjectKeyFolder, type SubjectKeys } from '../src/index.js';
import { ERASER, keyFile, readKeyFile } from '../src/lib/subject-key-file.js';
import { newSubjectKey } from '../src/subject-keys.js';
import { dyingAt } from './support/dying-disk.js';
import { codeOf } from './support/entries.js';
import { filesUnder, scratch } from './support/places.js';

const CREATE = { create: true };
const LOOK = { create: false };
const hex = (key: SubjectKey | undefined) => key && toHex(key.bytes);

async function created(keys: SubjectKeys, subject = 'anna'): Promise<SubjectKey> {
  const key = await keys.get(subject, CREATE);
  assert.ok(key);
  return key;
}

/** No file has the key, in hex or in bytes; and only names of the secret's making are there. */
function assertGone(path: string, key: SubjectKey): void {
  for (const { path: file, bytes } of filesUnder(path)) {
    assert.ok(!bytes.includes(Buffer.from(key.bytes)), file);
    assert.ok(!bytes.includes(toHex(key.bytes)), file);
    assert.ok(!bytes.includes(key.id) && !file.includes(key.id), file);
  }
}

describe.each<[string, () => SubjectKeys]>([
  ['MemorySubjectKeys', () => new MemorySubjectKeys()],
  ['SubjectKeyFolder', () => new SubjectKeyFolder(join(scratch(), 'keys'))],
])('%s', (_, open) => {
  it('makes a key when it is told to, and then has that one', async () => {
    const keys = open();
    assert.equal(await keys.get('anna', LOOK), undefined);
    const key = await created(keys);
    assert.match(key.id, /^[0-9a-f]{32}$/);
    assert.equal(key.bytes.length, 32);
    assert.deepEqual(await keys.get('anna', LOOK), key);
    assert.deepEqual(await keys.get('anna', CREATE), key);
    assert.deepEqual(await keys.find(key.id), key);
  });

  it('gives copies', async () => {
    const keys = open();
    const key = await created(keys);
    const before = hex(key);
    key.bytes.fill(0);
    assert.equal(hex(await keys.find(key.id)), before);
  });

  it('has a key for each subject, whatever its name', async () => {
    const keys = open();
    const names = ['anna', 'Anna', '', '../../etc', 'a/b', 'ä', '\0', 'x'.repeat(2000), '1 anna', '0 anna'];
    const made = await Promise.all(names.map((name) => created(keys, name)));
    assert.equal(new Set(made.map(hex)).size, names.length);
    for (const [i, name] of names.entries()) assert.deepEqual(await keys.get(name, LOOK), made[i]);
  });

  it('destroys one key and leaves the others', async () => {
    const keys = open();
    const [anna, bert] = [await created(keys), await created(keys, 'bert')];
    assert.equal(await keys.destroy('anna'), true);
    assert.equal(await keys.get('anna', LOOK), undefined);
    assert.equal(await keys.find(anna.id), undefined);
    assert.deepEqual(await keys.find(bert.id), bert);
    assert.equal(await keys.destroy('anna'), false);
    assert.equal(await keys.destroy('nobody'), false);
  });

  it('has another key for a subject that returns', async () => {
    const keys = open();
    for (let life = 0; life < 3; life++) {
      const key = await created(keys);
      await keys.destroy('anna');
      const next = await created(keys);
      assert.ok(next.id !== key.id && hex(next) !== hex(key));
      assert.equal(await keys.find(key.id), undefined);
    }
  });

  it('finds nothing under what is no id', async () => {
    const keys = open();
    for (const id of ['', '../secret', 'A'.repeat(32), 'a'.repeat(31)])
      assert.equal(await keys.find(id), undefined);
  });
});

describe('a SubjectKeyFolder', () => {
  const made = () => join(scratch(), 'deep', 'keys');

  it('is for its owner alone, and no name in it tells a subject', async () => {
    const path = made();
    const keys = new SubjectKeyFolder(path);
    await created(keys, 'anna');
    await keys.destroy('anna');
    await created(keys, 'bert');
    for (const folder of [path, join(path, 'keys'), join(path, 'ids')])
      assert.equal(statSync(folder).mode & 0o777, 0o700);
    for (const { path: file, bytes } of filesUnder(path)) {
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.match(file.slice(path.length), /^\/(?:secret|keys\/[0-9a-f]{64}|ids\/[0-9a-f]{32})$/);
      assert.ok(!bytes.includes('anna') && !bytes.includes('bert'));
    }
  });

  it('has other names in another folder', async () => {
    const [a, b] = [made(), made()];
    await created(new SubjectKeyFolder(a));
    await created(new SubjectKeyFolder(b));
    assert.notDeepEqual(readdirSync(join(a, 'keys')), readdirSync(join(b, 'keys')));
  });

  it('has nothing of a key that was destroyed in any file', async () => {
    const path = made();
    const keys = new SubjectKeyFolder(path);
    const key = await created(keys);
    await keys.destroy('anna');
    assertGone(path, key);
    assert.deepEqual(
      filesUnder(path)
        .map(({ bytes }) => bytes.length)
        .sort(),
      [0, 32],
    );
  });

  it('is one for all that have it open, also at the same moment', async () => {
    const path = made();
    const folders = Array.from({ length: 4 }, () => new SubjectKeyFolder(path));
    const keys = await Promise.all(folders.map((folder) => created(folder)));
    assert.equal(new Set(keys.map(hex)).size, 1);
    assert.equal(readdirSync(join(path, 'ids')).length, 1);
    await folders[0]?.destroy('anna');
    for (const folder of folders) assert.equal(await folder.get('anna', LOOK), undefined);
  });

  it('agrees with itself after any crowd', async () => {
    const moves = fc.array(fc.tuple(fc.nat(2), fc.constantFrom('get', 'destroy')), {
      minLength: 2,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(moves, async (crowd) => {
        const path = made();
        const folders = Array.from({ length: 3 }, () => new SubjectKeyFolder(path));
        const of = (which: number) => folders[which] as SubjectKeyFolder;
        await Promise.all(
          crowd.map(async ([which, move]) => {
            if (move === 'get') await created(of(which));
            else await of(which).destroy('anna');
          }),
        );
        const ends = await Promise.all(folders.map((folder) => created(folder)));
        assert.equal(new Set(ends.map(hex)).size, 1);
        const [end] = ends as [SubjectKey];
        assert.deepEqual(await of(1).find(end.id), end);
        assert.deepEqual(readdirSync(join(path, 'ids')), [end.id]);
      }),
      { numRuns: 25 },
    );
  });

  it('can be interrupted while it makes a key, at every step', async () => {
    for (let step = 1, died = true; died; step++) {
      const path = made();
      ({ died } = await dyingAt(step, () => created(new SubjectKeyFolder(path))));
      const keys = new SubjectKeyFolder(path);
      const key = await created(keys);
      assert.deepEqual(await keys.find(key.id), key);
      assert.equal(await keys.destroy('anna'), true);
      assertGone(path, key);
      assert.ok(step < 60 && (died || step > 15));
    }
  });

  it('can be interrupted while it destroys a key, at every step', async () => {
    for (let step = 1, died = true; died; step++) {
      const path = made();
      const key = await created(new SubjectKeyFolder(path));
      ({ died } = await dyingAt(step, () => new SubjectKeyFolder(path).destroy('anna')));
      const keys = new SubjectKeyFolder(path);
      // Either it has not begun, and all is as before, or the key is gone and the rest follows.
      const found = await keys.find(key.id);
      if (found !== undefined) assert.deepEqual(await keys.get('anna', LOOK), key);
      const after = await keys.destroy('anna');
      assert.ok(after || step > 8, `${step}`);
      assertGone(path, key);
      assert.equal(await keys.get('anna', LOOK), undefined);
      assert.ok(step < 60 && (died || step > 8));
    }
  });

  it('finishes what was interrupted when the subject returns', async () => {
    for (let step = 1, died = true; died; step++) {
      const path = made();
      const key = await created(new SubjectKeyFolder(path));
      ({ died } = await dyingAt(step, () => new SubjectKeyFolder(path).destroy('anna')));
      const keys = new SubjectKeyFolder(path);
      const next = await created(keys);
      if (next.id !== key.id) assertGone(path, key);
      assert.deepEqual(await keys.find(next.id), next);
    }
  });

  it.each<[string, (path: string) => void]>([
    ['others can read it', (path) => chmodSync(path, 0o750)],
    ['its secret was cut', (path) => writeFileSync(join(path, 'secret'), 'short')],
    ['its secret is too long', (path) => writeFileSync(join(path, 'secret'), 'x'.repeat(33))],
    [
      'its secret is a folder',
      (path) => {
        rmSync(join(path, 'secret'));
        mkdirSync(join(path, 'secret'));
      },
    ],
    [
      'it is a file',
      (path) => {
        rmSync(path, { recursive: true });
        writeFileSync(path, '');
      },
    ],
  ])('is not used where %s', async (_, damage) => {
    const path = made();
    await created(new SubjectKeyFolder(path));
    damage(path);
    const keys = new SubjectKeyFolder(path);
    const code = 'subject_keys_unavailable';
    assert.equal(await codeOf(() => keys.get('anna', CREATE)), code);
    assert.equal(await codeOf(() => keys.find('a'.repeat(32))), code);
    assert.equal(await codeOf(() => keys.destroy('anna')), code);
  });

  it('can be used again once it was mended', async () => {
    const path = made();
    const key = await created(new SubjectKeyFolder(path));
    const keys = new SubjectKeyFolder(path);
    chmodSync(path, 0o755);
    assert.equal(await codeOf(() => keys.get('anna', LOOK)), 'subject_keys_unavailable');
    chmodSync(path, 0o700);
    assert.deepEqual(await keys.get('anna', LOOK), key);
  });

  it('uses no key that was changed on the disk, and can still destroy it', async () => {
    const path = made();
    const keys = new SubjectKeyFolder(path);
    const key = await created(keys);
    const file = join(path, 'keys', readdirSync(join(path, 'keys'))[0] as string);
    const bytes = readFileSync(file);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] as number) ^ mask;
        writeFileSync(file, changed);
        assert.equal(await codeOf(() => keys.get('anna', CREATE)), 'subject_keys_unavailable');
        assert.equal(await codeOf(() => keys.find(key.id)), 'subject_keys_unavailable');
      }),
      { numRuns: 40 },
    );
    assert.equal(await keys.destroy('anna'), true);
    for (const each of filesUnder(join(path, 'keys'))) assert.equal(each.bytes.length, 0);
    assert.equal(await keys.find(key.id), undefined);
  });

  it('follows no pointer but its own', async () => {
    const path = made();
    const keys = new SubjectKeyFolder(path);
    const [anna, bert] = [await created(keys), await created(keys, 'bert')];
    writeFileSync(join(path, 'ids', anna.id), readFileSync(join(path, 'ids', bert.id)));
    assert.equal(await keys.find(anna.id), undefined);
    writeFileSync(join(path, 'ids', anna.id), '../secret');
    assert.equal(await codeOf(() => keys.find(anna.id)), 'subject_keys_unavailable');
  });

  it('ends after a thousand lives', async () => {
    const path = made();
    const keys = new SubjectKeyFolder(path);
    await created(keys);
    await keys.destroy('anna');
    const secret = readFileSync(join(path, 'secret'));
    for (let life = 0; life < 1_000; life++) {
      const name = toHex(hmacSha256(secret, Buffer.from(`${life} anna`)));
      writeFileSync(join(path, 'keys', name), '');
    }
    assert.equal(await codeOf(() => keys.get('anna', CREATE)), 'subject_keys_unavailable');
    assert.equal(await keys.destroy('anna'), false);
  });
});

describe('the file of a key', () => {
  it('is dying once its digits are zeros, and dead once it is empty', () => {
    const file = keyFile(newSubjectKey());
    assert.equal(readKeyFile(file).is, 'alive');
    file.set(ERASER.bytes, ERASER.at);
    assert.equal(readKeyFile(file).is, 'dying');
    assert.equal(readKeyFile(Buffer.alloc(0)).is, 'dead');
    // Two destroy it at once, and the one that is late writes behind the end of what the other has emptied.
    file.fill(0, 0, ERASER.at);
    assert.equal(readKeyFile(file).is, 'dead');
  });
});
