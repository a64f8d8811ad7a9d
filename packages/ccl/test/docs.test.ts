/**
 * Runs docs/ccl.md. Each table and each block is an example:
 *
 * - `ccl` is a text that parses; the tables of requests behind it ask it. `ccl refused` does not parse, `ccl printed` is
 *   what the block before it prints, `ccl NAME` is also a file for `console`.
 * - `ts` runs; what each `console.log` prints stands behind it as a comment.
 * - `console` holds commands of `stele` behind `$`, each with what it prints; `…` stands for any lines, and a comment
 *   `# exits with N` for another exit code than 0.
 * - `json NAME` is a file for `console`.
 * - `cedar` and `rego` are not run; a `ccl` block with a table follows. `text` is a picture.
 *
 * Anything else fails.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import ts from 'typescript';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { runModule } from '../../../test/support/readme.js';
import { CclSyntaxError, compile, type Evaluation, evaluate } from '../src/index.js';
import { type Block, codes, readMarkdown, type Table } from './support/markdown.js';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const guide = readFileSync(new URL('../../../docs/ccl.md', import.meta.url), 'utf8');
const stele = fileURLToPath(new URL('../../cli/dist/stele.js', import.meta.url));
const parts = readMarkdown(guide);
const files = new Map<string, string>();

/** Says in which line of the page an example stands. */
const at = ({ section, line }: Block | Table) => `${section}, line ${line}`;

describe('docs/ccl.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stele-docs-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  let rules = '';
  for (const [index, part] of parts.entries()) {
    if (part.kind === 'block') runBlock(part, index, folder);
    if (part.kind === 'table') runTable(part, rules);
    if (part.kind === 'block' && part.language === 'ccl' && part.rest !== 'refused') rules = part.text;
  }

  it('has examples of every kind', () => {
    const kinds = parts.map((part) => (part.kind === 'block' ? part.language : part.header.join()));
    for (const kind of [
      'ccl',
      'ts',
      'cedar',
      'rego',
      'action,resource,context,decision',
      'condition,context,value',
    ])
      expect(kinds).toContain(kind);
  });
});

const isBuilt = existsSync(`${packageFolder}/dist/builder.js`);

it.skipIf(!isBuilt)('docs/ccl.md: the compiler accepts its TypeScript', () => {
  const folder = mkdtempSync(join(packageFolder, '.example-'));
  try {
    const { config } = ts.readConfigFile(`${packageFolder}/../../tsconfig.base.json`, ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, packageFolder);
    const blocks = parts.filter((part) => part.kind === 'block').filter(({ language }) => language === 'ts');
    const names = blocks.map(({ text, line }) => {
      const name = join(folder, `line-${line}.ts`);
      writeFileSync(name, text);
      return name;
    });
    const found = ts.getPreEmitDiagnostics(ts.createProgram(names, { ...options, noEmit: true }));
    const shown = found.map(
      ({ file, messageText }) =>
        `${basename(file?.fileName ?? '')}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
    expect(shown).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function runBlock(block: Block, index: number, folder: string) {
  const [before, after, behind] = [parts[index - 1], parts[index + 1], parts[index + 2]];
  const { language, rest, text } = block;
  switch (language) {
    case 'ccl':
      return runRules(block, before);
    case 'json':
      files.set(rest, text);
      return it(`${at(block)}: is JSON`, () => expect(() => JSON.parse(text)).not.toThrow());
    case 'ts':
      return it.skipIf(!isBuilt)(`${at(block)}: runs`, async () => {
        const printed = await output(text);
        if (isPrinted(after)) expect(printed.join('\n').trimEnd()).toBe(after.text);
        else
          expect(printed).toEqual(
            [...text.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map((match) => match[1]),
          );
        expect(printed.length).toBeGreaterThan(0);
      });
    case 'console':
      return it.skipIf(!existsSync(stele))(`${at(block)}: runs`, () => runConsole(text, folder));
    case 'cedar':
    case 'rego':
      return it(`${at(block)}: is said in CCL next`, () =>
        expect([after, behind]).toMatchObject([{ language: 'ccl', rest: '' }, { kind: 'table' }]));
    case 'text':
      return;
    default:
      return it(`${at(block)}: is an example of a known kind`, () =>
        expect(language).toBe('a known language'));
  }
}

const isPrinted = (part: Block | Table | undefined): part is Block =>
  part?.kind === 'block' && part.language === 'ccl' && part.rest === 'printed';

function runRules(block: Block, before: Block | Table | undefined) {
  const { rest, text } = block;
  if (rest === 'refused')
    return it(`${at(block)}: is refused`, () => expect(() => compile(text)).toThrow(CclSyntaxError));
  if (/^[\w.-]+\.ccl$/.test(rest)) files.set(rest, `${text}\n`);
  else if (rest === 'printed')
    it(`${at(block)}: is compared`, () => expect(before).toMatchObject({ language: 'ts' }));
  else if (rest !== '') it(`${at(block)}: is of a known kind`, () => expect(rest).toBe('a known kind'));
  return it(`${at(block)}: parses`, () => expect(() => compile(text)).not.toThrow());
}

/** What a module prints, a call of `console.log` at a time. */
async function output(source: string): Promise<string[]> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    await runModule(source, packageFolder);
    const show = (value: unknown) =>
      typeof value === 'string'
        ? value
        : inspect(value, { depth: null, breakLength: Number.POSITIVE_INFINITY });
    return log.mock.calls.map((values) => values.map(show).join(' '));
  } finally {
    log.mockRestore();
  }
}

function runConsole(transcript: string, folder: string): void {
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  const commands = transcript.split(/^\$ /m).slice(1);
  expect(commands.length).toBeGreaterThan(0);
  for (const command of commands) {
    const [line, ...expected] = command.trimEnd().split('\n');
    const [, typed, code] = /^stele (.*?)(?:\s+# exits with (\d))?$/.exec(line!)!;
    const argv = [...typed!.matchAll(/'([^']*)'|\S+/g)].map((match) => match[1] ?? match[0]);
    const run = spawnSync(process.execPath, [stele, ...argv], { cwd: folder, encoding: 'utf8' });
    const printed = `${run.stdout}${run.stderr}`.trimEnd();
    const pieces = expected
      .join('\n')
      .split(/^…$/m)
      .map((piece) => piece.trim());
    const literal = (piece: string) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    expect(printed, line).toMatch(new RegExp(`^\\s*${pieces.map(literal).join('[^]*')}\\s*$`));
    expect(run.status, line).toBe(Number(code ?? 0));
  }
}

function runTable(table: Table, rules: string): void {
  const run = tables[table.header.join()];
  describe(at(table), () => {
    if (run === undefined || table.rows.length === 0)
      return it('is a table of a known kind', () => expect(table.header.join()).toBe('a known header'));
    for (const row of table.rows) it(row.join(' | '), () => run(row, rules));
    return undefined;
  });
}

const tables: Readonly<Record<string, (row: readonly string[], rules: string) => void>> = {
  'action,resource,context,decision': ([action, resource, context, decision], rules) =>
    expectDecision(ask(rules, action!, resource!, context!), decision!),
  'action,resource,context,there,here': ([action, resource, context, there, here], rules) => {
    expect(there).toMatch(/^(?:permit|deny)/);
    expectDecision(ask(rules, action!, resource!, context!), here!);
  },
  'condition,context,value': ([condition, context, value]) => {
    const when = codes(condition!)[0]!;
    const permits = ask(`permit a on ** when ${when}`, '`a`', '`/`', context!).permitted;
    const denies = !ask(`permit ** on **\ndeny a on ** when ${when}`, '`a`', '`/`', context!).permitted;
    // A permit needs true; a deny is kept off by false alone.
    expect(permits ? 'true' : denies ? 'unknown' : 'false').toBe(value);
    expect(permits && !denies).toBe(false);
  },
  'action pattern,matches,does not match': (row) =>
    expectMatches(row, (pattern, action) => {
      const rules = compile(`permit ${pattern} on **`);
      return evaluate(rules, { action, resource: '/' });
    }),
  'resource pattern,matches,does not match': (row) =>
    expectMatches(row, (pattern, resource) => {
      const rules = compile(`permit ** on '${pattern}'`);
      return evaluate(rules, { action: 'a', resource });
    }),
};

function ask(rules: string, action: string, resource: string, context: string): Evaluation {
  const [json] = codes(context);
  return evaluate(compile(rules), {
    action: codes(action)[0]!,
    resource: codes(resource)[0]!,
    ...(json !== undefined && { context: JSON.parse(json) as Record<string, unknown> }),
  });
}

/** `permit by line 1, after human.approval, takes 150 of 5000`; `deny by line 2`; ``deny, `malformed_request` `` */
function expectDecision(evaluation: Evaluation, cell: string): void {
  const { permitted, code, matched, limits, obligations, unmeasurable } = evaluation;
  const deciders = unmeasurable === undefined ? matched : [unmeasurable];
  const [decision, ...clauses] = cell.split(/, | (?=by )/);
  expect(permitted ? 'permit' : 'deny').toBe(decision);
  const said = { by: [] as number[], after: [] as string[], takes: [] as string[], code: '' };
  for (const clause of clauses) {
    const [, line, name, cost, known] =
      /^(?:by line (\d+)|after ([\w.]+)|takes (\d+ of \d+)|`(\w+)`)$/.exec(clause) ?? [];
    if (line !== undefined) said.by.push(Number(line));
    else if (name !== undefined) said.after.push(name);
    else if (cost !== undefined) said.takes.push(cost);
    else if (known !== undefined) said.code = known;
    else expect(clause).toBe('a known clause');
  }
  expect(said.by).toEqual(deciders.map(({ line }) => line));
  expect(said.after).toEqual(obligations.map(({ name }) => name));
  expect(said.takes).toEqual(limits.map(({ cost, amount }) => `${cost} of ${amount}`));
  if (!permitted && said.by.length === 0) expect(said.code).toBe(code);
  if (said.code !== '') expect(said.code).toBe(code);
}

function expectMatches(row: readonly string[], judge: (pattern: string, text: string) => Evaluation): void {
  const [pattern, matching, others] = row.map(codes);
  expect(matching!.length).toBeGreaterThan(0);
  for (const text of matching!) expect(judge(pattern![0]!, text).code, text).toBe('permitted');
  for (const text of others!) expect(judge(pattern![0]!, text).code, text).toBe('no_matching_permit');
}
