#!/usr/bin/env node
/** The language server: speaks the Language Server Protocol over standard input and output. */
import {
  CodeActionKind,
  createConnection,
  type InitializeResult,
  TextDocumentSyncKind,
  TextDocuments,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { codeActions, completion, diagnostics, formatting, hover, symbols } from './answers.js';

/** How long a text must stay as it is before it is checked, in milliseconds. */
const QUIET_MS = 150;

const connection = createConnection(process.stdin, process.stdout);
const documents = new TextDocuments(TextDocument);
/** The check that each open document waits for; there is at most one. */
const waiting = new Map<string, NodeJS.Timeout>();

connection.onInitialize(
  (): InitializeResult => ({
    serverInfo: { name: 'stele-ccl-language-server' },
    capabilities: {
      textDocumentSync: TextDocumentSyncKind.Incremental,
      hoverProvider: true,
      completionProvider: { triggerCharacters: [' ', '('] },
      documentFormattingProvider: true,
      documentSymbolProvider: true,
      codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
    },
  }),
);

documents.onDidChangeContent(({ document }) => {
  clearTimeout(waiting.get(document.uri));
  waiting.set(document.uri, setTimeout(check, QUIET_MS, document));
});

documents.onDidClose(({ document: { uri } }) => {
  clearTimeout(waiting.get(uri));
  waiting.delete(uri);
  void connection.sendDiagnostics({ uri, diagnostics: [] });
});

/** Answers about an open document; `empty` where it is not open. */
function about<Params extends { textDocument: { uri: string } }, Answer>(
  empty: Answer,
  answer: (document: TextDocument, params: Params) => Answer,
): (params: Params) => Answer {
  return (params) => {
    const document = documents.get(params.textDocument.uri);
    return document === undefined ? empty : answer(document, params);
  };
}

connection.onHover(about(null, (document, { position }) => hover(document, position)));
connection.onCompletion(about([], (document, { position }) => completion(document, position)));
connection.onDocumentFormatting(about([], formatting));
connection.onDocumentSymbol(about([], symbols));
connection.onCodeAction(about([], codeActions));

documents.listen(connection);
connection.listen();

/** Tells the editor what is found in the document as it is now. */
function check(document: TextDocument): void {
  const { uri, version } = document;
  waiting.delete(uri);
  void connection.sendDiagnostics({ uri, version, diagnostics: diagnostics(document) });
}
