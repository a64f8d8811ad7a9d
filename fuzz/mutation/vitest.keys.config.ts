import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const folder = new URL('../../packages/crypto/', import.meta.url);

/** Most mutants fail a plain case: the attacks, which take longer, come last. */
class PlainFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const order = [
      'history',
      'keeper',
      'key-manager',
      'format',
      'secrets',
      'file',
      'manager',
      'faults',
      'attacks',
    ];
    const rank = ({ moduleId }: TestSpecification) =>
      order.findIndex((each) => moduleId.includes(`${each}.test`));
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}

/**
 * The suites of keys over time that run in one process, which a mutant does not leave, and not the long ones: what they alone
 * would notice, a plain case ought to.
 */
export default defineConfig({
  resolve: { alias: { '#provider': fileURLToPath(new URL('src/provider/node.ts', folder)) } },
  test: {
    name: 'crypto',
    root: fileURLToPath(folder),
    include: ['test/key-manager*.test.ts', 'test/key-ring.*.test.ts'],
    exclude: ['test/key-ring.{processes,killed,histories,bytes}.test.ts'],
    isolate: false,
    testTimeout: 60_000,
    sequence: { sequencer: PlainFirst },
  },
});
