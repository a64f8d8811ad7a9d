// Holds the table of docs/adapters.md and the ranges of the package against what is installed here.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const json = (path: string) => JSON.parse(readFileSync(at(path), 'utf8'));

/** The rows of the table: what is installed under which name, where it is not its own. */
const FRAMEWORKS: [framework: string, installed?: string][] = [
  ['express'],
  ['connect'],
  ['fastify'],
  ['hono'],
  ['ai 6', 'ai6'],
  ['ai 7', 'ai7'],
  ['@langchain/core'],
  ['langchain'],
  ['@modelcontextprotocol/sdk'],
  ['@modelcontextprotocol/server'],
  ['@openai/agents'],
  ['@anthropic-ai/claude-agent-sdk'],
  ['@mastra/core'],
];

/** Where a package is found from a folder, as Node finds it. */
function versionFrom(folder: string, name: string): string | undefined {
  const parts = folder.split('/');
  for (let depth = parts.length; depth >= 0; depth--) {
    const path = [...parts.slice(0, depth), 'node_modules', name, 'package.json'].join('/');
    if (existsSync(at(path))) return (json(path) as { version: string }).version;
  }
  return undefined;
}

const rows = new Map(
  [...readFileSync(at('docs/adapters.md'), 'utf8').matchAll(/^\| (\S+(?: \d)?) \| (\S+) \| (\S+) \|/gm)].map(
    ([, name, oldest, newest]) => [name, { oldest, newest }],
  ),
);

describe('the versions that were tested', () => {
  it.each(FRAMEWORKS)('are for %s what docs/adapters.md says', (framework, installed = framework) => {
    const { devDependencies } = json('test/frameworks/lowest/package.json') as {
      devDependencies: Record<string, string>;
    };
    const isBelow = installed in devDependencies;
    // That this is what is installed there its lockfile says.
    const oldest = isBelow ? devDependencies[installed]?.split('@').at(-1) : '–';
    expect(rows.get(framework)).toEqual({ oldest, newest: versionFrom('test/frameworks', installed) });
  });

  it('are all that the table names', () => {
    const named = [...rows.keys()].filter(
      (name) => name !== undefined && rows.get(name)?.newest?.match(/^\d/),
    );
    expect(named.sort()).toEqual(FRAMEWORKS.map(([name]) => name).sort());
  });

  it('begin where the ranges of the package begin, and are of the newest major that they take', () => {
    const { peerDependencies, peerDependenciesMeta } = json('packages/sdk/package.json') as {
      peerDependencies: Record<string, string>;
      peerDependenciesMeta: Record<string, { optional?: boolean }>;
    };
    const names = FRAMEWORKS.map(([name]) => name.replace(/ \d$/, ''));
    expect(Object.keys(peerDependencies).sort()).toEqual([...new Set(names)].sort());
    for (const [framework] of FRAMEWORKS) {
      const { oldest, newest } = rows.get(framework) ?? {};
      const range = peerDependencies[framework.replace(/ \d$/, '')] ?? '';
      expect(peerDependenciesMeta[framework.replace(/ \d$/, '')]).toEqual({ optional: true });
      const begins = range.split(' || ').map((each) => each.replace(/^(?:\^|>=)/, '').replace(/ .*/, ''));
      expect(begins).toContain(oldest === '–' ? newest : oldest);
      expect(begins.map((each) => each.split('.')[0])).toContain(newest?.split('.')[0]);
    }
  });
});
