import { fileURLToPath } from 'node:url';
import { mergeConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import language from '../../packages/ccl/vitest.config.ts';

/** Most mutants fail a plain case: the properties, which take long, come last. */
class PlainFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isSlow = ({ moduleId }: TestSpecification) => /(?:property|soundness|limits)[^/]*$/.test(moduleId);
    return [...files.filter((file) => !isSlow(file)), ...files.filter(isSlow)];
  }
}

const { exclude: _chance, ...plainAndChance } = language.test ?? {};

export default mergeConfig(
  { ...language, test: plainAndChance },
  {
    test: {
      isolate: true, // a mutant may leave the modules in a state that the next file would suffer from
      root: fileURLToPath(new URL('../../packages/ccl', import.meta.url)),
      sequence: { sequencer: PlainFirst },
    },
  },
);
