/** The grammar, run by the library that runs it in the editor. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import oniguruma from 'vscode-oniguruma';
import textmate from 'vscode-textmate';

const grammarFile = new URL('../../syntaxes/ccl.tmLanguage.json', import.meta.url);

export interface Scoped {
  readonly start: number;
  readonly end: number;
  /** From the outermost to the innermost, without the scope of the whole. */
  readonly scopes: readonly string[];
}

/** The tokenizer: from a text to its tokens, with offsets in the text. */
export async function loadTokenizer(): Promise<(text: string) => Scoped[]> {
  await oniguruma.loadWASM(
    readFileSync(createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm')),
  );
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () =>
      textmate.parseRawGrammar(readFileSync(grammarFile, 'utf8'), grammarFile.pathname),
  });
  const grammar = await registry.loadGrammar('source.ccl');
  if (grammar === null) throw new Error('the grammar cannot be read');
  return (text) => tokenize(grammar, text);
}

function tokenize(grammar: textmate.IGrammar, text: string): Scoped[] {
  const tokens: Scoped[] = [];
  let state = textmate.INITIAL;
  let offset = 0;
  for (const line of text.split('\n')) {
    const result = grammar.tokenizeLine(line.replace(/\r$/, ''), state);
    for (const { startIndex, endIndex, scopes } of result.tokens)
      tokens.push({ start: offset + startIndex, end: offset + endIndex, scopes: scopes.slice(1) });
    state = result.ruleStack;
    offset += line.length + 1;
  }
  return tokens;
}
