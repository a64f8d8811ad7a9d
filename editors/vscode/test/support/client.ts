/** A client of the language server: the server as a process of its own, and the protocol over its standard streams. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  createProtocolConnection,
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  ExitNotification,
  InitializedNotification,
  InitializeRequest,
  type InitializeResult,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  type PublishDiagnosticsParams,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver-protocol/node';

export class Client {
  readonly process: ChildProcessWithoutNullStreams;
  readonly connection: ProtocolConnection;
  readonly #exited: Promise<unknown[]>;
  readonly #published: PublishDiagnosticsParams[] = [];
  #waiting: (() => void)[] = [];

  constructor(server: string, args: readonly string[] = ['--stdio']) {
    this.process = spawn(process.execPath, [server, ...args]);
    this.#exited = once(this.process, 'exit');
    this.connection = createProtocolConnection(
      new StreamMessageReader(this.process.stdout),
      new StreamMessageWriter(this.process.stdin),
    );
    this.connection.onNotification(PublishDiagnosticsNotification.type, (params) => {
      this.#published.push(params);
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.connection.listen();
  }

  async start(): Promise<InitializeResult> {
    const result = await this.connection.sendRequest(InitializeRequest.type, {
      processId: process.pid,
      rootUri: null,
      capabilities: {},
    });
    await this.connection.sendNotification(InitializedNotification.type, {});
    return result;
  }

  /** Shuts the server down and returns its exit code. */
  async stop(): Promise<unknown> {
    await this.connection.sendRequest(ShutdownRequest.type);
    await this.connection.sendNotification(ExitNotification.type);
    return this.exitCode();
  }

  async exitCode(): Promise<unknown> {
    const [code] = await this.#exited;
    this.connection.dispose();
    return code;
  }

  open(uri: string, text: string, version = 1): Promise<void> {
    const textDocument = { uri, languageId: 'ccl', version, text };
    return this.connection.sendNotification(DidOpenTextDocumentNotification.type, { textDocument });
  }

  /** Replaces the whole text. */
  change(uri: string, text: string, version: number): Promise<void> {
    const params = { textDocument: { uri, version }, contentChanges: [{ text }] };
    return this.connection.sendNotification(DidChangeTextDocumentNotification.type, params);
  }

  close(uri: string): Promise<void> {
    const params = { textDocument: { uri } };
    return this.connection.sendNotification(DidCloseTextDocumentNotification.type, params);
  }

  /** What the server says of this version of the document; waits until it does. */
  async diagnostics(
    uri: string,
    version: number | undefined,
  ): Promise<PublishDiagnosticsParams['diagnostics']> {
    for (;;) {
      const found = this.published(uri).find((params) => params.version === version);
      if (found !== undefined) return found.diagnostics;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** All that the server has said of the document so far. */
  published(uri: string): PublishDiagnosticsParams[] {
    return this.#published.filter((params) => params.uri === uri);
  }
}
