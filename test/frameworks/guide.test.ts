// The code of docs/adapters.md as it stands there, run under the frameworks. The last test holds the page against this file.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { opaPolicy } from '@ai-sdk/policy-opa';
import type { query as start } from '@anthropic-ai/claude-agent-sdk';
import { interrupt } from '@langchain/langgraph';
import { createTool } from '@mastra/core/tools';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { tool as functionTool } from '@openai/agents';
import {
  buildCovenant,
  type CovenantDocument,
  createMonitor,
  generateKeyPair,
  MemoryStore,
  type Monitor,
} from '@stele/sdk';
import * as adapters from '@stele/sdk/adapters';
import {
  assertGoverned,
  guardMcpServer,
  steleHooks,
  steleMiddleware,
  stelePolicyClient,
  steleSignal,
  steleToolApproval,
  steleToolCall,
  withSteleFunction,
  withSteleMastra,
  withSteleTools,
} from '@stele/sdk/adapters';
import * as ai6 from 'ai6';
import { MockLanguageModelV3 } from 'ai6/test';
import * as ai7 from 'ai7';
import { MockLanguageModelV4 } from 'ai7/test';
import express from 'express';
import { createMiddleware, ToolMessage } from 'langchain';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { haveSqlite } from '../support/sqlite.js';
import { type Awaiting, awaiting } from './approval-support.js';
import { governed } from './support.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const page = readFileSync(at('../../docs/adapters.md'), 'utf8');
const blocks = [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text = '']) => ({
  language,
  text,
}));

const RULES = 'permit pay on / when args.amount <= 100\nrequire human.approval for pay on /';
const inputSchema = z.object({ amount: z.number() });
const prompt = 'go';
const args = { amount: 50 };

let a: Awaiting;
let monitor: Monitor;
let ran: unknown[];
beforeEach(async () => {
  a = await awaiting(RULES);
  monitor = a.monitor;
  ran = [];
});

const execute = async (input: { amount: number }) => {
  ran.push(input);
  return { paid: input.amount };
};

/** A step in which the model asks for one call. */
const step = async () => ({
  content: [{ type: 'tool-call' as const, toolCallId: 'c', toolName: 'pay', input: JSON.stringify(args) }],
  finishReason: { unified: 'tool-calls' as const, raw: undefined },
  usage: {
    inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 1, text: 1, reasoning: 0 },
  },
  warnings: [],
});
const kinds = ({ content }: { content: readonly { type: string }[] }) => content.map(({ type }) => type);

/** Nothing ran, and a person is asked. */
async function expectAsked(): Promise<void> {
  expect(ran).toEqual([]);
  expect(await a.open()).toBe(1);
}

describe('waiting for a person', () => {
  it('a monitor that asks', async () => {
    const [owner, agent, anna] = [await generateKeyPair(), await generateKeyPair(), await generateKeyPair()];
    const store = new MemoryStore();
    const covenant: CovenantDocument = await buildCovenant({
      beneficiary: { id: agent.did },
      constraints: RULES,
      approvers: { 'human.approval': { keys: [anna.did], threshold: 1 } },
      signer: owner,
    });
    const monitor = await createMonitor({
      covenant,
      store,
      approvals: {
        audience: 'acme.example/bank',
        requester: ({ context }) => (context?.session as { did?: string } | undefined)?.did,
      },
    });
    const asked = (session: object) => ({ action: 'pay', resource: '/', context: { args, session } });
    const { code, approval } = await monitor.check(asked({ did: owner.did }));
    expect([code, approval?.id]).toEqual([
      'obligation_pending',
      expect.stringMatching(/^urn:stele:approval:/),
    ]);
    // The only one who could approve has asked for it.
    expect((await monitor.check(asked({ did: anna.did }))).code).toBe('obligation_unmet');
  });

  it('AI SDK 7', async () => {
    const { generateText } = ai7;
    const model = new MockLanguageModelV4({ doGenerate: step });
    const tools = { pay: ai7.tool({ inputSchema, execute }) };
    const result = await generateText({
      model,
      tools: withSteleTools(tools, { monitor }),
      toolApproval: steleToolApproval({ monitor }),
      prompt,
    });
    expect(kinds(result)).toContain('tool-approval-request');
    await expectAsked();
  });

  it('AI SDK 6', async () => {
    const { generateText } = ai6;
    const model = new MockLanguageModelV3({ doGenerate: step });
    const tools = { pay: ai6.tool({ inputSchema, execute }) };
    const result = await generateText({
      model,
      tools: withSteleTools(tools, { monitor, needsApproval: true }),
      prompt,
    });
    expect(kinds(result)).toContain('tool-approval-request');
    await expectAsked();
  });

  it('@ai-sdk/policy-opa', async () => {
    const toolApproval = opaPolicy({
      client: stelePolicyClient({ monitor }),
      path: 'stele',
      toInput: (asked) => asked,
    });
    const model = new MockLanguageModelV4({ doGenerate: step });
    const tools = withSteleTools({ pay: ai7.tool({ inputSchema, execute }) }, { monitor });
    const result = await ai7.generateText({ model, tools, toolApproval: toolApproval as never, prompt });
    expect(kinds(result)).toContain('tool-approval-request');
    await expectAsked();
  });

  it('LangChain', () => {
    const { name, wrapToolCall } = createMiddleware({
      name: 'stele',
      wrapToolCall: steleToolCall(ToolMessage, { monitor, interrupt }),
    });
    // That it stops and goes on is tried in approvals.test.ts, in the loop.
    expect([name, typeof wrapToolCall]).toEqual(['stele', 'function']);
  });

  it('OpenAI Agents SDK', async () => {
    const pay = functionTool({ name: 'pay', description: 'Pays', parameters: inputSchema, execute });
    const guarded = withSteleFunction(pay, { monitor, needsApproval: true });
    expect(await guarded.needsApproval({} as never, args, 'c')).toBe(true);
    await expectAsked();
  });

  it('Claude Agent SDK', async () => {
    // The SDK starts its program, which is not installed; what it is handed is what counts here.
    const query = (asked: Parameters<typeof start>[0]) => asked;
    const { options } = query({ prompt, options: { hooks: steleHooks({ monitor }) } });
    const [hook] = options?.hooks?.PreToolUse?.[0]?.hooks ?? [];
    const input = { hook_event_name: 'PreToolUse', tool_name: 'pay', tool_input: args } as never;
    const { signal } = new AbortController();
    expect(await hook?.(input, 'c', { signal })).toMatchObject({
      hookSpecificOutput: {
        permissionDecision: 'deny',
        permissionDecisionReason: expect.stringContaining('urn:stele:approval:'),
      },
    });
    await expectAsked();
  });

  it('Mastra', async () => {
    const pay = createTool({ id: 'pay', description: 'Pays', inputSchema, execute });
    const guarded = withSteleMastra(pay, { monitor, requireApproval: true });
    expect(guarded).toMatchObject({ requireApproval: true });
    await expect(guarded.execute?.(args, {} as never)).rejects.toMatchObject({ code: 'obligation_pending' });
    await expectAsked();
  });

  it('MCP', () => {
    const server = new McpServer({ name: 'test', version: '1' });
    server.registerTool('pay', { inputSchema }, async () => ({ content: [] }));
    guardMcpServer(server, { monitor, elicit: true });
    // What a client is asked is tried in approvals.test.ts.
    expect(() => assertGoverned([server])).not.toThrow();
  });
});

describe('a covenant that is revoked while a tool runs', () => {
  it('is told of by the signal of a handler', async () => {
    const { monitor, revoke } = await governed('permit http.post on /reports', { revocationMaxAgeMs: 5 });
    const makeReport = async ({ signal }: { signal: AbortSignal }) => {
      void revoke();
      await once(signal, 'abort');
      return { cut: signal.reason.code };
    };
    const app = express().use(steleMiddleware({ monitor }));
    app.post('/reports', async (request, response) => {
      const report = await makeReport({ signal: steleSignal(request) });
      response.json(report);
    });
    const server = createServer(app as RequestListener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/reports`, { method: 'POST' });
    expect(await answer.json()).toEqual({ cut: 'covenant_cut' });
    server.close();
  });
});

describe('did I forget one', () => {
  it('names what could run without a decision', () => {
    const bare = { pay: ai7.tool({ inputSchema, execute }) };
    for (const tools of [withSteleTools(bare, { monitor }), []]) {
      assertGoverned(tools);
    }
    expect(() => assertGoverned(bare)).toThrow(expect.objectContaining({ code: 'tool_ungoverned' }));
  });
});

const SERVER = `
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
const server = new McpServer({ name: 'bank', version: '1' });
server.registerTool('pay', { description: 'Pays' }, async () => ({ content: [] }));
await server.connect(new StdioServerTransport());
`;

const TOOLS = `
import { createMonitor, parseCovenant } from '@stele/sdk';
import { withSteleTools } from '@stele/sdk/adapters';
import { readFileSync } from 'node:fs';
const monitor = await createMonitor({ covenant: parseCovenant(readFileSync('covenant.json')) });
export const tools = withSteleTools({ pay: { inputSchema: {}, execute: async () => 1 } }, { monitor });
`;

/** The commands, with the did that a reader puts in the place of the one that is cut off. */
const commands = blocks
  .filter(({ language }) => language === 'sh')
  .map(({ text }) =>
    text.replaceAll('did:key:z6Mk…', `"$(sed 's/.*"did":"\\([^"]*\\)".*/\\1/' owner.json)"`),
  );

describe.skipIf(process.platform === 'win32' || !haveSqlite)(
  'the commands (need a POSIX shell and SQLite)',
  () => {
    it('run as pasted, one after the other', () => {
      // Below this folder, where what is installed is found.
      const folder = mkdtempSync(at('.example-'));
      try {
        const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
        const bin = at('../../packages/cli/dist/stele.js');
        write('npx', `#!/bin/sh\nshift\nexec '${process.execPath}' '${bin}' "$@"\n`);
        write('npm', '#!/bin/sh\nexit 0\n');
        for (const name of ['npx', 'npm']) chmodSync(join(folder, name), 0o755);
        mkdirSync(join(folder, 'dist'));
        write('server.mjs', SERVER);
        write('dist/tools.js', TOOLS);
        write('rules.ccl', 'permit bank.pay on /\n');
        const keys = ['owner', 'log'].map((name) => `npx stele keygen --plaintext --out ${name}.key --json`);
        const { status, stderr, stdout } = spawnSync(
          'sh',
          ['-e', '-c', [`${keys[0]} > owner.json`, `${keys[1]} > log.json`, ...commands].join('\n')],
          {
            cwd: folder,
            env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
            encoding: 'utf8',
          },
        );
        expect([status, stderr]).toEqual([0, '']);
        expect(stdout).toMatch(/^every tool is as it was pinned$/m);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  },
);

describe('the page', () => {
  /** Without comments, spaces, and what a formatter adds. */
  const bare = (text: string) =>
    text
      .replaceAll(/(?:^|\s)\/\/.*$/gm, '')
      .replaceAll(/\s/g, '')
      .replaceAll(/,(?=[)\]}])/g, '');
  const code = blocks.filter(({ language }) => language === 'ts').flatMap(({ text }) => text.split('\n\n'));
  const isImport = (text: string) => text.startsWith('import ');

  it('shows nothing that is not run here', () => {
    const here = bare(readFileSync(at('guide.test.ts'), 'utf8'));
    const shown = code.filter((text) => !isImport(text)).map((text) => bare(text).replace(/;$/, ''));
    expect(shown.length).toBeGreaterThan(10);
    expect(shown.filter((text) => !here.includes(text))).toEqual([]);
    expect(new Set(blocks.map(({ language }) => language))).toEqual(new Set(['sh', 'ts']));
  });

  it('imports what there is', () => {
    const imports = code.filter(isImport);
    expect(imports.length).toBeGreaterThan(1);
    for (const text of imports) {
      const [, names = ''] = /^import { (.*) } from '@stele\/sdk\/adapters';$/.exec(text.trim()) ?? [];
      expect(Object.keys(adapters)).toEqual(expect.arrayContaining(names.split(', ')));
    }
  });
});
