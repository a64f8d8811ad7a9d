import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as importRules from '../../scripts/house/import-rules.mjs';
import * as packageRules from '../../scripts/house/package-rules.mjs';
import { readHouse } from '../../scripts/house/read.mjs';
import * as textRules from '../../scripts/house/text-rules.mjs';
import { root } from '../../scripts/lib/run.mjs';
import { codesFile, codesSource, renderCodes } from '../../scripts/write-codes.mjs';
import { metricsFile, metricsSource, renderMetrics } from '../../scripts/write-metrics.mjs';
import { type Changes, makeHouse, manifest } from './fixture.js';

interface Problem {
  file: string;
  line: number;
  message: string;
  mend: string;
}

/** Where a rule finds problems in the sound house with these changes, as `file:line`. */
async function found(rule: (house: never) => unknown, changes: Changes = {}): Promise<string[]> {
  const problems = (await rule(readHouse(makeHouse(changes)) as never)) as Problem[];
  for (const { message, mend } of problems) expect([message, mend]).not.toContain('');
  return problems.map(({ file, line }) => `${file}:${line}`);
}

const rules = { ...importRules, ...packageRules, ...textRules };

describe('a sound house', () => {
  it.each(Object.keys(rules) as (keyof typeof rules)[])('passes %s', async (name) => {
    expect(await found(rules[name])).toEqual([]);
  });
});

describe('importsRunOneWay', () => {
  const rule = importRules.importsRunOneWay;

  it.each([
    ["import { one } from '@stele/store';", 'a higher package'],
    ["export { one } from '@stele/store';", 'a re-export'],
    ["export type { One } from '@stele/store';", 'a type'],
    ["const { one } = await import('@stele/store');", 'a dynamic import'],
    ["import '@stele/ccl';", 'itself by name'],
    ["import '@stele/store/sub';", 'a subpath'],
  ])('refuses %s', async (code) => {
    expect(await found(rule, { 'packages/ccl/src/lib/one.ts': `\n\n${code}\n` })).toEqual([
      'packages/ccl/src/lib/one.ts:3',
    ]);
  });

  it('refuses a package of the same layer', async () => {
    const changes = {
      'packages/crypto/package.json': manifest('@stele/crypto'),
      'packages/crypto/src/index.ts': "import '@stele/ccl';\n",
    };
    expect(await found(rule, changes)).toEqual(['packages/crypto/src/index.ts:1']);
  });

  it('refuses a higher package in a test too', async () => {
    expect(await found(rule, { 'packages/ccl/test/a.test.ts': "import '@stele/store';\n" })).toEqual([
      'packages/ccl/test/a.test.ts:1',
    ]);
  });

  it('takes a lower package, itself in a test, other names, and what stands in comments or strings', async () => {
    const changes = {
      'packages/store/src/lib/one.ts':
        "import '@stele/ccl';\nimport '@stele/types';\n// import '@stele/sdk'\nexport const x = \"import '@stele/store'\";\n",
      'packages/store/test/a.test.ts': "import '@stele/store';\nimport '@stele/storefront';\n",
    };
    expect(await found(rule, changes)).toEqual([]);
  });
});

describe('importsArePublished', () => {
  const rule = importRules.importsArePublished;

  it.each(['@stele/ccl/src/index.js', '@stele/ccl/dist/index.js', '@stele/ccl/missing'])(
    'refuses %s',
    async (name) => {
      expect(await found(rule, { 'packages/store/src/lib/one.ts': `import '${name}';\n` })).toEqual([
        'packages/store/src/lib/one.ts:1',
      ]);
      expect(
        await found(rule, {
          'examples/a/package.json': { name: 'a' },
          'examples/a/main.mjs': `import '${name}';\n`,
        }),
      ).toEqual(['examples/a/main.mjs:1']);
    },
  );

  it('takes the names of the exports map', async () => {
    const ccl = manifest('@stele/ccl', {
      exports: { '.': './dist/index.js', './grammar': './dist/grammar.js' },
    });
    const code = "import '@stele/ccl';\nimport '@stele/ccl/grammar';\n";
    expect(
      await found(rule, { 'packages/ccl/package.json': ccl, 'packages/store/src/lib/one.ts': code }),
    ).toEqual([]);
  });
});

describe('importsStayInside', () => {
  const rule = importRules.importsStayInside;

  it('refuses a path into another package or to the root', async () => {
    const changes = {
      'packages/store/src/lib/one.ts':
        "import '../../../ccl/src/index.js';\nimport '../../../../package.json';\n",
      'packages/store/test/a.test.ts': "import '../../ccl/test/b.js';\n",
      'packages/ccl/src/lib/one.ts': "import '../../../../test/support/vectors.js';\n",
    };
    expect(await found(rule, changes)).toEqual([
      'packages/ccl/src/lib/one.ts:1',
      'packages/store/src/lib/one.ts:1',
      'packages/store/src/lib/one.ts:2',
      'packages/store/test/a.test.ts:1',
    ]);
  });

  it('takes its own files, and test/support from a test', async () => {
    const changes = {
      'packages/store/test/a.test.ts':
        "import '../src/index.js';\nimport '../../../test/support/vectors.js';\n",
    };
    expect(await found(rule, changes)).toEqual([]);
  });
});

describe('sourcesImportNoTests', () => {
  const rule = importRules.sourcesImportNoTests;

  it('refuses a test in a source', async () => {
    expect(await found(rule, { 'packages/ccl/src/lib/one.ts': "import '../../test/naive.js';\n" })).toEqual([
      'packages/ccl/src/lib/one.ts:1',
    ]);
  });

  it('takes a test in a test, and a folder named test in the sources', async () => {
    const changes = {
      'packages/ccl/test/a.test.ts': "import './naive.js';\n",
      'packages/ccl/src/index.ts': "import './test/suite.js';\n",
    };
    expect(await found(rule, changes)).toEqual([]);
  });
});

describe('importsAreDeclared', () => {
  const rule = importRules.importsAreDeclared;

  it('refuses what package.json does not name, and a development dependency in a source', async () => {
    const changes = {
      'packages/ccl/src/lib/one.ts': "import 'left-pad';\nimport 'vitest';\nimport 're2js/x';\n",
      'packages/ccl/test/a.test.ts': "import 'left-pad';\n",
    };
    expect(await found(rule, changes)).toEqual([
      'packages/ccl/src/lib/one.ts:1',
      'packages/ccl/src/lib/one.ts:2',
      'packages/ccl/test/a.test.ts:1',
    ]);
  });

  it('takes dependencies, optional and peer ones, built-in modules, and in tests those of the root', async () => {
    const types = manifest('@stele/types', {
      optionalDependencies: { a: '1.0.0' },
      peerDependencies: { '@b/c': '>=1' },
    });
    const changes = {
      'packages/types/package.json': types,
      'packages/types/src/lib/one.ts': "import 'a';\nimport '@b/c/d';\nimport 'node:fs';\nimport '#inner';\n",
      'packages/types/test/a.test.ts': "import 'vitest';\nimport '@stele/types';\n",
    };
    expect(await found(rule, changes)).toEqual([]);
  });

  it('takes the module of the program that an extension runs in, and nothing else that it does not name', async () => {
    const changes = {
      'editors/one/package.json': { name: 'one', engines: { vscode: '^1.91.0' } },
      'editors/one/src/a.ts': "import 'vscode';\nimport 'left-pad';\n",
    };
    expect(await found(rule, changes)).toEqual(['editors/one/src/a.ts:2']);
  });
});

describe('pureStaysPure', () => {
  const rule = importRules.pureStaysPure;

  it.each([
    "import { readFileSync } from 'node:fs';",
    "import 'crypto';",
    "const fs = require('fs');",
    "import type { Buffer } from 'node:buffer';",
  ])('refuses %s in ccl', async (code) => {
    expect(await found(rule, { 'packages/ccl/src/lib/one.ts': code })).toEqual([
      'packages/ccl/src/lib/one.ts:1',
    ]);
  });

  it('takes it in a test, and in a package that may', async () => {
    const changes = {
      'packages/ccl/test/a.test.ts': "import 'node:fs';\n",
      'packages/store/src/lib/one.ts': "import 'node:fs';\n",
    };
    expect(await found(rule, changes)).toEqual([]);
  });
});

describe('packagesAreComplete', () => {
  const rule = packageRules.packagesAreComplete;

  it('misses a README, an index, and a place in the order', async () => {
    expect(await found(rule, { 'packages/ccl/README.md': null })).toEqual(['packages/ccl/README.md:1']);
    expect(await found(rule, { 'packages/ccl/src/index.ts': null })).toEqual(['packages/ccl/src/index.ts:1']);
    expect(await found(rule, { 'packages/ccl/package.json': manifest('@stele/unheard-of') })).toEqual([
      'packages/ccl/package.json:1',
    ]);
  });

  it('asks nothing of a private package', async () => {
    expect(
      await found(rule, { 'packages/console/package.json': { name: 'console', private: true } }),
    ).toEqual([]);
  });
});

describe('dependenciesAreExact', () => {
  const rule = packageRules.dependenciesAreExact;

  it.each([
    '^1.0.0',
    '~1.0.0',
    '1.x',
    '*',
    '>=1.0.0',
    'latest',
    'workspace:*',
    'file:../a',
    'npm:ai@^6.0.0',
    '1.0',
  ])('refuses %s', async (version) => {
    const changes = {
      'packages/types/package.json': manifest('@stele/types', { dependencies: { a: version } }),
    };
    expect(await found(rule, changes)).toHaveLength(1);
    expect(await found(rule, { 'package.json': { devDependencies: { a: version } } })).toEqual([
      'package.json:3',
    ]);
  });

  it('takes one version, an alias of one, and a range of a peer', async () => {
    const more = {
      dependencies: { a: '1.0.0-beta.1' },
      devDependencies: { ai6: 'npm:ai@6.0.326', b: 'npm:@c/d@1.0.0' },
      peerDependencies: { e: '>=1' },
    };
    expect(await found(rule, { 'packages/types/package.json': manifest('@stele/types', more) })).toEqual([]);
  });

  it('refuses a higher package, a development one too, and another version of a sibling', async () => {
    for (const field of ['dependencies', 'optionalDependencies', 'devDependencies']) {
      const changes = {
        'packages/types/package.json': manifest('@stele/types', { [field]: { '@stele/ccl': '0.1.0' } }),
      };
      expect(await found(rule, changes)).toHaveLength(1);
    }
    const changes = {
      'packages/store/package.json': manifest('@stele/store', { dependencies: { '@stele/ccl': '0.2.0' } }),
    };
    expect(await found(rule, changes)).toHaveLength(1);
  });
});

describe('entriesNameTheirExports', () => {
  const rule = packageRules.entriesNameTheirExports;

  it.each(["export * from './lib/one.js';", 'export default 1;', 'const a = 1;\nexport default a;'])(
    'refuses %s',
    async (code) => {
      expect(await found(rule, { 'packages/ccl/src/index.ts': code })).toHaveLength(1);
      const entry = {
        'packages/ccl/src/extra.ts': code,
        'packages/ccl/tsup.config.ts': "export default { entry: ['src/index.ts', 'src/extra.ts'] };",
      };
      expect(await found(rule, entry)).toHaveLength(1);
    },
  );

  it('takes what another entry names, since that names it', async () => {
    const changes = {
      'packages/ccl/src/index.ts': "export * from './index.web.js';\nexport const a = 1;\n",
      'packages/ccl/src/index.web.ts': 'export const b = 1;\n',
      'packages/ccl/tsup.config.ts': "export default { entry: ['src/index.ts', 'src/index.web.ts'] };",
    };
    expect(await found(rule, changes)).toEqual([]);
  });

  it('takes names, a named namespace, and anything in private parts', async () => {
    const changes = {
      'packages/ccl/src/index.ts':
        "export * as errors from './errors.js';\nexport const a = 1;\nexport type { B } from './b.js';\n",
      'packages/ccl/src/lib/one.ts': "export * from './two.js';\n",
    };
    expect(await found(rule, changes)).toEqual([]);
  });
});

describe('exportsMatchEntries', () => {
  const rule = packageRules.exportsMatchEntries;
  const withExtra = manifest('@stele/ccl', {
    exports: {
      '.': './dist/index.js',
      './extra': { types: './dist/extra.d.ts', default: './dist/extra.js' },
    },
  });

  it('refuses what is published but not built', async () => {
    expect(await found(rule, { 'packages/ccl/package.json': withExtra })).toHaveLength(2);
    const bin = manifest('@stele/ccl', { bin: { ccl: './dist/cli.js' } });
    expect(await found(rule, { 'packages/ccl/package.json': bin })).toHaveLength(1);
  });

  it('refuses what is built but not published, and an entry without a source', async () => {
    const config = "export default { entry: ['src/index.ts', 'src/extra.ts'] };\n";
    expect(
      await found(rule, { 'packages/ccl/tsup.config.ts': config, 'packages/ccl/src/extra.ts': '' }),
    ).toEqual(['packages/ccl/tsup.config.ts:1']);
    expect(
      await found(rule, { 'packages/ccl/tsup.config.ts': config, 'packages/ccl/package.json': withExtra }),
    ).toEqual(['packages/ccl/tsup.config.ts:1']);
  });

  it('takes lists, named entries, several configurations, and private imports of the package', async () => {
    const own = manifest('@stele/ccl', {
      exports: { '.': './dist/index.js', './extra': './dist/extra.js' },
      imports: { '#platform': './dist/platform/node.js' },
    });
    const config =
      "export default [{ entry: ['src/index.ts', 'src/platform/node.ts'] }, { entry: { extra: 'src/other.ts' } }];\n";
    const changes = {
      'packages/ccl/package.json': own,
      'packages/ccl/tsup.config.ts': config,
      'packages/ccl/src/other.ts': '',
      'packages/ccl/src/platform/node.ts': '',
    };
    expect(await found(rule, changes)).toEqual([]);
  });
});

describe('filesKnowNoMachine', () => {
  const rule = textRules.filesKnowNoMachine;
  const host = ['registry', 'example', 'org'].join('.');

  it('refuses a download address, a registry host, and a path of this machine', async () => {
    expect(await found(rule, { 'package-lock.json': { resolved: 'https://example.org/a.tgz' } })).toEqual([
      'package-lock.json:2',
    ]);
    expect(await found(rule, { '.npmrc': `registry=https://${host}/\n` })).toEqual(['.npmrc:1']);
    const folder = makeHouse({ 'docs/a.md': 'x' });
    const house = { ...readHouse(folder), text: () => `see\n${folder}/docs/a.md` };
    expect(textRules.filesKnowNoMachine({ ...house, files: ['docs/a.md'] })).toMatchObject([
      { file: 'docs/a.md', line: 2 },
    ]);
  });

  it('takes relative paths, other absolute ones, and ignored files', async () => {
    const changes = {
      'docs/a.md': "see ../shared and permit read on '/orders/**' in /var/lib/stele\n",
      '.gitignore': 'node_modules/\n',
      'node_modules/a.json': host,
    };
    expect(await found(rule, changes)).toEqual([]);
  });
});

describe('codesAreDocumented', () => {
  const rule = textRules.codesAreDocumented;
  const source = readFileSync(join(root, codesSource), 'utf8');

  it('refuses a missing or outdated table', async () => {
    expect(await found(rule, { [codesSource]: source })).toEqual([`${codesFile}:1`]);
    expect(await found(rule, { [codesSource]: source, [codesFile]: '# Codes\n' })).toEqual([
      `${codesFile}:1`,
    ]);
  });

  it('takes the table as it is written', async () => {
    expect(await found(rule, { [codesSource]: source, [codesFile]: await renderCodes(source) })).toEqual([]);
  });
});

describe('metricsAreDocumented', () => {
  const rule = textRules.metricsAreDocumented;
  const source = readFileSync(join(root, metricsSource), 'utf8');

  it('refuses a missing or outdated table', async () => {
    expect(await found(rule, { [metricsSource]: source })).toEqual([`${metricsFile}:1`]);
    expect(await found(rule, { [metricsSource]: source, [metricsFile]: '# Metrics\n' })).toEqual([
      `${metricsFile}:1`,
    ]);
  });

  it('takes the table as it is written', async () => {
    const written = { [metricsSource]: source, [metricsFile]: await renderMetrics(source) };
    expect(await found(rule, written)).toEqual([]);
  });
});

describe('check-house', () => {
  const check = (folder: string) =>
    spawnSync(process.execPath, [join(root, 'scripts/check-house.mjs'), folder], { encoding: 'utf8' });

  it('ends well for a sound house', () => {
    expect(check(makeHouse())).toMatchObject({ status: 0, stderr: '' });
  });

  it('names file, line and mend, and fails', () => {
    const { status, stderr } = check(makeHouse({ 'packages/ccl/src/lib/one.ts': "\nimport 'node:fs';\n" }));
    expect(status).toBe(1);
    expect(stderr).toMatch(/^packages\/ccl\/src\/lib\/one\.ts:2: .*node:fs\n {4}mend: /);
  });
});
