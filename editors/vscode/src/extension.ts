/** What runs in the editor: it starts the language server for CCL documents, and stops it. */
import type { ExtensionContext } from 'vscode';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node';

let client: LanguageClient | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  const server = { module: context.asAbsolutePath('dist/server.cjs'), transport: TransportKind.stdio };
  client = new LanguageClient('ccl', 'Stele CCL', server, { documentSelector: [{ language: 'ccl' }] });
  await client.start();
}

export async function deactivate(): Promise<void> {
  await client?.stop();
  client = undefined;
}
