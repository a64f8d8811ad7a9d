/** What the server answers about a document, in the terms of the protocol. */
import {
  type CodeAction,
  CodeActionKind,
  type CodeActionParams,
  type CompletionItem,
  CompletionItemKind,
  type Diagnostic,
  DiagnosticSeverity,
  type DocumentSymbol,
  type Hover,
  MarkupKind,
  type Position,
  type Range,
  SymbolKind,
  type TextEdit,
} from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { outline, wordAt, wordsFor } from './features.js';
import { type Finding, findingsOf, formatted, mistakeOf } from './findings.js';
import { isOperator, MEANINGS } from './words.js';

const SEVERITIES = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
} as const;

const SYMBOLS = {
  permit: SymbolKind.Function,
  deny: SymbolKind.Function,
  require: SymbolKind.Event,
  limit: SymbolKind.Constant,
} as const;

export function diagnostics(document: TextDocument): Diagnostic[] {
  return findingsOf(document.getText()).map((finding) => diagnostic(document, finding));
}

/** What the keyword or operator there means. */
export function hover(document: TextDocument, position: Position): Hover | null {
  const found = wordAt(document.getText(), document.offsetAt(position));
  if (found === undefined) return null;
  const { word, token } = found;
  return { range: rangeOf(document, token), contents: markdown(`\`${word}\`: ${MEANINGS[word]}`) };
}

export function completion(document: TextDocument, position: Position): CompletionItem[] {
  return wordsFor(document.getText(), document.offsetAt(position)).map((word) => ({
    label: word,
    kind: isOperator(word) ? CompletionItemKind.Operator : CompletionItemKind.Keyword,
    documentation: markdown(MEANINGS[word]),
  }));
}

/** No edits for what is in canonical form already, or does not parse. */
export function formatting(document: TextDocument): TextEdit[] {
  const text = document.getText();
  const newText = formatted(text);
  if (newText === undefined || newText === text) return [];
  return [{ range: rangeOf(document, { start: 0, end: text.length }), newText }];
}

export function symbols(document: TextDocument): DocumentSymbol[] {
  return outline(document.getText()).map((entry) => {
    const range = rangeOf(document, entry);
    return {
      name: entry.name,
      detail: entry.detail,
      kind: SYMBOLS[entry.kind],
      range,
      selectionRange: range,
    };
  });
}

/** The edit that the parser proposes for its mistake, if that is in the range. */
export function codeActions(document: TextDocument, { range, context }: CodeActionParams): CodeAction[] {
  const isAsked = context.only?.some((kind) => kind === '' || kind === CodeActionKind.QuickFix) ?? true;
  const mistake = isAsked ? mistakeOf(document.getText()) : undefined;
  if (mistake?.suggestion === undefined) return [];
  const { start, end, suggestion } = mistake;
  if (start > document.offsetAt(range.end) || end < document.offsetAt(range.start)) return [];
  const edit = { range: rangeOf(document, suggestion), newText: suggestion.text };
  return [
    {
      title: `Change to \`${suggestion.text.trim()}\``,
      kind: CodeActionKind.QuickFix,
      isPreferred: true,
      diagnostics: [diagnostic(document, mistake)],
      edit: { changes: { [document.uri]: [edit] } },
    },
  ];
}

function diagnostic(document: TextDocument, finding: Finding): Diagnostic {
  const { code, message } = finding;
  const severity = SEVERITIES[finding.severity];
  return { range: rangeOf(document, finding), severity, code, source: 'ccl', message };
}

function rangeOf(document: TextDocument, { start, end }: { start: number; end: number }): Range {
  return { start: document.positionAt(start), end: document.positionAt(end) };
}

function markdown(value: string) {
  return { kind: MarkupKind.Markdown, value };
}
