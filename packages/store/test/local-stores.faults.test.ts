/**
 * Processes whose disk fails, or that die, at one call to it after the other: the system's own calls, also those that SQLite makes.
 * They run the built package. `STELE_FAULT_STRIDE=1` takes every call where `npm test` takes some, from a different one each time.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { haveCompiler } from '../../../test/support/compiler.js';
import { sqliteDrivers } from '../../../test/support/sqlite.js';
import { FileStore, SqliteStore } from '../src/index.js';
import { memoryFolder } from './support/backends.js';
import { type Action, FaultyDisk, faultyDiskFor } from './support/faulty-disk.js';
import { bundle, run } from './support/programs.js';
import { someSteps } from './support/some-steps.js';
import { assertSteps, perform, type Step, statesOf, type WholeStore } from './support/steps.js';

const root = memoryFolder();
const [folder, control, stepFile] = [join(root, 'disk'), join(root, 'control'), join(root, 'steps')];
/** What follows needs more calls than that of any disk. */
const FEWEST_CALLS = 80;

interface Kind {
  readonly kind: string;
  readonly open: (path: string) => WholeStore;
  /** So many calls are between two that are tried, by what happens to them. */
  readonly strides: { readonly kill: number; readonly half: number; readonly error: number };
}

const kinds: Kind[] = [
  ...sqliteDrivers.map((driver) => ({
    kind: driver,
    open: (path: string) => new SqliteStore(path, { driver }),
    strides: { kill: 1, half: 3, error: 7 },
  })),
  // Which is tried at every call within one process, too.
  { kind: 'file', open: (path) => new FileStore(path), strides: { kill: 13, half: 13, error: 29 } },
];

/** The stride that is told or the usual one, and where to begin. */
function paced(usual: number): { first: number; stride: number } {
  const stride = Number(process.env.STELE_FAULT_STRIDE ?? usual);
  return { first: 1 + randomInt(stride), stride };
}

const steps = await someSteps();
const states = statesOf(steps);
writeFileSync(stepFile, JSON.stringify(steps));
const environment = haveCompiler ? faultyDiskFor(folder, control) : {};
const [dyingWriter, enduringWriter] = [
  await bundle('./dying-writer.ts'),
  await bundle('./enduring-writer.ts'),
];

describe.skipIf(!haveCompiler).each(kinds)(
  'on a disk that fails (needs a C compiler on Linux), $kind',
  ({ kind, open, strides }) => {
    let disk: FaultyDisk;
    beforeEach(() => {
      disk = new FaultyDisk(control);
    });
    afterEach(() => {
      disk.heal();
      disk.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it.each([
      ['before it is made', 'kill', strides.kill],
      ['when a write is half made', 'half, then kill', strides.half],
    ] as const)(
      'has what was acknowledged, and nothing by half, when its process dies at a call, %s',
      async (_, action, usual) => {
        const { first, stride } = paced(usual);
        let at = first;
        for (let died = true; died; at += stride) {
          mkdirSync(folder);
          const path = join(folder, 'store');
          disk.plan(action, at, at);
          const { signal, output } = await run(dyingWriter, [kind, path, stepFile], environment);
          const said = output.split('\n').slice(0, -1);
          assert.deepEqual(said, Object.keys(steps).slice(0, said.length), `call ${at}`);
          died = signal === 'SIGKILL';
          assert.equal(died, disk.count() === at, `call ${at}`);
          assert.ok(died || said.length === steps.length, output);
          const store = open(path);
          for (let done = await assertSteps(store, states, said.length); done < steps.length; done++)
            await perform(store, steps[done] as Step);
          await assertSteps(store, states, steps.length);
          await store.close();
          rmSync(folder, { recursive: true });
        }
        assert.ok(at > FEWEST_CALLS, `${at} calls`);
      },
      600_000,
    );

    const faults: (readonly [Action, 'once' | 'on'])[] = (
      ['EIO', 'ENOSPC', 'EROFS', 'short'] as const
    ).flatMap((action) => [[action, 'once'] as const, [action, 'on'] as const]);
    it.each(faults)(
      'goes on in the same process, with what was acknowledged, after %s, %s',
      async (action, extent) => {
        const { first, stride } = paced(strides.error);
        const args = [kind, folder, stepFile, action, extent, String(first), String(stride)];
        const { code, output } = await run(enduringWriter, args, environment);
        assert.equal(code, 0, output);
        assert.ok(Number(output) > FEWEST_CALLS, output);
      },
      600_000,
    );
  },
);
