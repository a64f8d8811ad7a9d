/** The language server of the packed extension, asked over the protocol. */
import { join } from 'node:path';
import { format, parse } from '@stele/ccl';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  CodeActionRequest,
  CompletionRequest,
  DiagnosticSeverity,
  DidChangeTextDocumentNotification,
  DocumentFormattingRequest,
  DocumentSymbolRequest,
  HoverRequest,
  type Position,
  type Range,
} from 'vscode-languageserver-protocol/node';
import { Client } from './support/client.js';
import { type Unpacked, unpack } from './support/unpacked.js';

const options = { tabSize: 2, insertSpaces: true };
const at = (line: number, character: number): Position => ({ line, character });
const range = (line: number, from: number, to: number): Range => ({
  start: at(line, from),
  end: at(line, to),
});
const everything = { start: at(0, 0), end: at(1_000_000, 0) };

let unpacked: Unpacked;
let server: string;
/** One server for all tests but those of its end, so that each test also shows that it lives after the one before. */
let client: Client;
let count = 0;
/** The document of the test. */
let uri: string;
let textDocument: { uri: string };

beforeAll(async () => {
  unpacked = unpack();
  const { bin } = JSON.parse(unpacked.files['extension/package.json']!);
  server = join(unpacked.folder, 'extension', bin['stele-ccl-language-server']);
  client = new Client(server);
  await client.start();
});

beforeEach(() => {
  uri = `file:///${++count}.ccl`;
  textDocument = { uri };
});

afterEach(() => client.close(uri));

afterAll(async () => {
  expect(await client.stop()).toBe(0);
  unpacked.remove();
});

/** A server of the test's own. */
async function startServer(...args: string[]): Promise<Client> {
  const own = new Client(server, args);
  onTestFinished(() => void own.process.kill());
  await own.start();
  return own;
}

describe('a session', () => {
  it('says what it can', async () => {
    const own = new Client(server);
    onTestFinished(() => void own.process.kill());
    const { capabilities, serverInfo } = await own.start();
    expect(serverInfo?.name).toBe('stele-ccl-language-server');
    expect(capabilities).toMatchObject({
      hoverProvider: true,
      documentFormattingProvider: true,
      documentSymbolProvider: true,
      codeActionProvider: { codeActionKinds: ['quickfix'] },
    });
  });

  it('ends with code 0 when it was shut down, with and without arguments', async () => {
    expect(await (await startServer()).stop()).toBe(0);
    const own = await startServer('--stdio', `--clientProcessId=${process.pid}`);
    await own.open(uri, 'permit a on');
    expect(await own.stop()).toBe(0);
  });

  it('ends with code 1 when nobody shut it down', async () => {
    const own = await startServer();
    own.process.stdin.end();
    expect(await own.exitCode()).toBe(1);
  });

  it.each([
    ['within a message', 'Content-Length: 1000000000\r\n\r\n{}'],
    ['behind what is no message', 'nonsense\r\n\r\n'],
    ['behind a message of no length', 'Content-Type: x\r\n\r\n{}'],
  ])('ends with its input %s', async (_, bytes) => {
    const own = await startServer();
    let complaints = '';
    own.process.stderr.setEncoding('utf8').on('data', (chunk) => {
      complaints += chunk;
    });
    own.process.stdin.end(bytes);
    expect(await own.exitCode()).toBe(1);
    expect(complaints).toBe('');
  });
});

describe('diagnostics', () => {
  it('mark the mistake while it is there', async () => {
    await client.open(uri, 'permit a on /x\npermitt b on /y\n');
    const [error, ...others] = await client.diagnostics(uri, 1);
    expect(others).toEqual([]);
    expect(error).toMatchObject({
      range: range(1, 0, 7),
      severity: DiagnosticSeverity.Error,
      source: 'ccl',
      code: 'ccl_syntax',
    });
    expect(error?.message).toContain('permitt');
    expect(error?.message).toContain('did you mean');
    await client.change(uri, 'permit a on /x\npermit b on /y\n', 2);
    expect(await client.diagnostics(uri, 2)).toEqual([]);
    await client.change(uri, "permit a on 'x", 3);
    expect(await client.diagnostics(uri, 3)).toMatchObject([{ range: range(0, 14, 14) }]);
  });

  it('follow edits of a part of the text', async () => {
    await client.open(uri, 'permit a on /x\r\npermit é on /y\r\n');
    expect(await client.diagnostics(uri, 1)).toMatchObject([{ range: range(1, 7, 8) }]);
    await client.connection.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { uri, version: 2 },
      contentChanges: [{ range: range(1, 7, 8), text: 'b' }],
    });
    expect(await client.diagnostics(uri, 2)).toEqual([]);
  });

  it('come for the last version of a burst alone', async () => {
    await client.open(uri, 'permit');
    for (let version = 2; version <= 50; version++) void client.change(uri, `permit a${version}`, version);
    await client.change(uri, 'permit a on /x', 51);
    expect(await client.diagnostics(uri, 51)).toEqual([]);
    await client.close(uri);
    await client.diagnostics(uri, undefined);
    const versions = client.published(uri).map(({ version }) => version);
    expect(versions.length).toBeLessThan(50);
    expect(versions.filter((version) => version === 51)).toHaveLength(1);
  });

  it('warn of what a document that parses may not have meant', async () => {
    await client.open(uri, 'permit a on /x\ndeny * on /y # all?\npermit b on /z when c = 1 and (\nc = 2)');
    expect(await client.diagnostics(uri, 1)).toMatchObject([
      { range: range(1, 0, 12), severity: DiagnosticSeverity.Warning, source: 'ccl', code: 'lone_star' },
      { range: { start: at(2, 0), end: at(3, 6) }, severity: DiagnosticSeverity.Warning, code: 'never_true' },
    ]);
    await client.change(uri, 'permit a on /x; deny ** on /x', 2);
    expect(await client.diagnostics(uri, 2)).toMatchObject([
      { range: range(0, 0, 29), code: 'contradiction' },
    ]);
    await client.change(uri, 'permit a on /x; deny ** on /y', 3);
    expect(await client.diagnostics(uri, 3)).toEqual([]);
  });

  it('say what was left undecided, and stay away from documents of many statements', async () => {
    const clause = (i: number, j: number) => `(n${(i * j) % 13} < ${i} or c${j} = @d${i % 7})`;
    const hard = Array.from(
      { length: 499 },
      (_, i) =>
        `${i % 3 ? 'permit' : 'deny'} a on /x when ${Array.from({ length: 12 }, (_, j) => clause(i, j)).join(' and ')}`,
    );
    await client.open(uri, ['deny * on /x', ...hard].join('\n'));
    const found = await client.diagnostics(uri, 1);
    expect(found).toContainEqual(expect.objectContaining({ code: 'lone_star', range: range(0, 0, 12) }));
    expect(found).toContainEqual(
      expect.objectContaining({ code: 'undecided', severity: DiagnosticSeverity.Information }),
    );
    await client.change(uri, ['deny * on /x', ...hard, 'permit b on /y'].join('\n'), 2);
    expect(await client.diagnostics(uri, 2)).toEqual([]);
  });

  it('go when the document is closed', async () => {
    await client.open(uri, 'permitt');
    expect(await client.diagnostics(uri, 1)).toHaveLength(1);
    await client.close(uri);
    expect(await client.diagnostics(uri, undefined)).toEqual([]);
    expect(
      await client.connection.sendRequest(HoverRequest.type, { textDocument, position: at(0, 0) }),
    ).toBeNull();
  });

  it('are those of each document', async () => {
    const uris = Array.from({ length: 20 }, (_, i) => `file:///one-of-many/${i}.ccl`);
    await Promise.all(
      uris.map((each, i) => client.open(each, `${'\n'.repeat(i)}${i % 2 ? 'permit a' : 'permit a on /x'}`)),
    );
    for (const [i, each] of uris.entries()) {
      const expected = i % 2 ? [{ range: range(i, 8, 8) }] : [];
      expect(await client.diagnostics(each, 1)).toMatchObject(expected);
    }
  });
});

describe('what an editor asks', () => {
  it('formats what parses', async () => {
    const text = "PERMIT  a on 'x'  when ( a=1 ) # why\r\n\n\n deny b on /y;limit c 1 per 1 day";
    await client.open(uri, text);
    const edits = await client.connection.sendRequest(DocumentFormattingRequest.type, {
      textDocument,
      options,
    });
    expect(edits).toMatchObject([
      { range: { start: at(0, 0), end: at(3, 33) }, newText: format(parse(text)) },
    ]);
    await client.change(uri, format(parse(text)), 2);
    expect(
      await client.connection.sendRequest(DocumentFormattingRequest.type, { textDocument, options }),
    ).toEqual([]);
    await client.change(uri, `${text} when`, 3);
    expect(
      await client.connection.sendRequest(DocumentFormattingRequest.type, { textDocument, options }),
    ).toEqual([]);
  });

  it('explains keywords and operators, and nothing else', async () => {
    await client.open(uri, 'permit permit on /x when when >= 1\npermitt');
    const hover = (line: number, character: number) =>
      client.connection.sendRequest(HoverRequest.type, { textDocument, position: at(line, character) });
    expect(await hover(0, 2)).toMatchObject({
      range: range(0, 0, 6),
      contents: { kind: 'markdown', value: expect.stringContaining('`permit`: ') },
    });
    expect(await hover(0, 31)).toMatchObject({ range: range(0, 30, 32) });
    for (const character of [9, 18, 27]) expect(await hover(0, character)).toBeNull();
    expect(await hover(1, 2)).toBeNull();
    expect(await hover(500, 500)).toBeNull();
  });

  it('completes what may stand there', async () => {
    await client.open(uri, 'permit a on /x when amount ');
    const labels = async (character: number) => {
      const params = { textDocument, position: at(0, character) };
      const items = await client.connection.sendRequest(CompletionRequest.type, params);
      return (Array.isArray(items) ? items : []).map(({ label }) => label);
    };
    expect(await labels(0)).toEqual(['permit', 'deny', 'require', 'limit']);
    expect(await labels(15)).toEqual(['when', 'severity']);
    expect(await labels(17)).toEqual(['when', 'severity']);
    expect(await labels(27)).toEqual(expect.arrayContaining(['=', '>=', 'in', 'not_contains', 'matches']));
    expect(await labels(8)).toEqual([]);
  });

  it('lists the statements, also beside a mistake', async () => {
    await client.open(
      uri,
      "permit a.b on '/x/**' when c = 1\nnonsense\nrequire human.approval on /y; limit a 5 per day",
    );
    const symbols = await client.connection.sendRequest(DocumentSymbolRequest.type, { textDocument });
    expect(symbols).toMatchObject([
      { name: 'permit a.b', detail: "'/x/**'", range: range(0, 0, 32) },
      { name: 'require human.approval', detail: '/y', range: range(2, 0, 28) },
      { name: 'limit a', detail: '', range: range(2, 30, 47) },
    ]);
  });

  it('offers what was likely meant', async () => {
    const text = 'permit a on /x\npermitt b on /y\n\n';
    await client.open(uri, text);
    const diagnostics = await client.diagnostics(uri, 1);
    const ask = (where: Range, only?: string[]) =>
      client.connection.sendRequest(CodeActionRequest.type, {
        textDocument,
        range: where,
        context: { diagnostics, ...(only && { only }) },
      });
    expect(await ask(range(1, 3, 3))).toMatchObject([
      {
        title: 'Change to `permit`',
        kind: 'quickfix',
        isPreferred: true,
        diagnostics,
        edit: { changes: { [uri]: [{ range: range(1, 0, 7), newText: 'permit' }] } },
      },
    ]);
    expect(await ask(range(1, 3, 3), ['quickfix'])).toHaveLength(1);
    expect(await ask(range(1, 3, 3), ['refactor'])).toEqual([]);
    expect(await ask(range(0, 0, 3))).toEqual([]);
    expect(await ask(range(2, 0, 0))).toEqual([]);
    await client.change(uri, 'permit a on /x when', 2);
    expect(await ask(everything)).toEqual([]);
    await client.change(uri, 'permit a on /x', 3);
    expect(await ask(everything)).toEqual([]);
  });
});

describe('bad input', () => {
  it('of a huge document is one diagnostic, and no more work', async () => {
    const text = 'permit a on /x\n'.repeat(150_000);
    await client.open(uri, text);
    const [error] = await client.diagnostics(uri, 1);
    expect(error?.message).toContain('1048576');
    const position = at(3, 2);
    expect(await client.connection.sendRequest(HoverRequest.type, { textDocument, position })).toBeNull();
    expect(
      await client.connection.sendRequest(CompletionRequest.type, { textDocument, position: at(100_000, 0) }),
    ).toEqual([]);
    expect(await client.connection.sendRequest(DocumentSymbolRequest.type, { textDocument })).toEqual([]);
    expect(
      await client.connection.sendRequest(DocumentFormattingRequest.type, { textDocument, options }),
    ).toEqual([]);
  });

  it.each([
    ['10,001 statements', 'permit a on /x\n'.repeat(10_001)],
    ['deep parentheses', `permit a on /x when ${'('.repeat(500_000)}`],
    ['a regex that asks for much', `permit a on /x when a matches '${'(a{1,99}){1,99}'.repeat(30)}'`],
    ['one endless string', `permit a on '${'x'.repeat(900_000)}`],
    ['lone surrogates', 'permit a on "\ud800'],
  ])('of a document with %s is a diagnostic', async (_, text) => {
    await client.open(uri, text);
    expect(await client.diagnostics(uri, 1)).toHaveLength(1);
    await client.connection.sendRequest(DocumentSymbolRequest.type, { textDocument });
  });

  it('over the protocol does not end it', async () => {
    await client.open(uri, 'permit a on /x');
    const unknown = 'file:///unknown.ccl';
    const messages = [
      ['a body that is no JSON', 'Content-Length: 5\r\n\r\n{"a":'],
      ['a body that is no object', 'Content-Length: 2\r\n\r\n17'],
      ['no parameters', message({ method: 'textDocument/didOpen' })],
      ['parameters of the wrong kind', message({ method: 'textDocument/didChange', params: 'x' })],
      [
        'an unknown document',
        message({ method: 'textDocument/didClose', params: { textDocument: { uri: unknown } } }),
      ],
      ['an unknown notification', message({ method: 'no/such', params: {} })],
      ['an answer to nothing', message({ id: 99, result: null })],
    ] as const;
    for (const [what, bytes] of messages) {
      client.process.stdin.write(bytes);
      await client.open(`file:///${what}.ccl`, 'permitt');
      expect([what, await client.diagnostics(`file:///${what}.ccl`, 1)]).toMatchObject([
        what,
        [{ code: 'ccl_syntax' }],
      ]);
    }
  });

  it('in a request is answered', async () => {
    await client.open(uri, 'permit a on /x');
    const requests: [method: string, params: unknown][] = [
      ['textDocument/hover', undefined],
      ['textDocument/hover', { textDocument }],
      ['textDocument/codeAction', { textDocument }],
      ['textDocument/completion', { textDocument, position: at(-5, 1e9) }],
      ['textDocument/documentSymbol', { textDocument: { uri: 'file:///none' } }],
      ['no/such', {}],
    ];
    for (const [method, params] of requests) {
      const answer = client.connection.sendRequest(method, params);
      await answer.catch((error: Error) => expect([method, error.message]).not.toEqual([method, '']));
    }
  });
});

function message(content: object): string {
  const body = JSON.stringify({ jsonrpc: '2.0', ...content });
  return `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
