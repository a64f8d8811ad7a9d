// Runs every example as a reader would, and reads what it prints.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../examples/frameworks/', import.meta.url));
const shared = ['bank', 'run', 'scripted', 'visitor'];
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.slice(0, -4))
  .filter((name) => !shared.includes(name));

const services = ['express', 'fastify', 'hono'];
const agents = ['claude-agent', 'langchain', 'mastra', 'mcp', 'openai-agents', 'vercel-ai'];

/** What it prints, line by line; a program that fails is an error. */
async function linesOf(name: string): Promise<string[]> {
  const env = { ...process.env, ANTHROPIC_API_KEY: '' };
  const { stdout } = await promisify(execFile)(process.execPath, [`${folder}${name}.mjs`], { env });
  return stdout.trim().split('\n');
}

describe('the examples', () => {
  it('are one for each framework, and the README names them', () => {
    expect(names).toEqual([...agents, ...services].sort());
    const readme = readFileSync(`${folder}README.md`, 'utf8');
    for (const name of names) expect(readme).toContain(`[\`${name}.mjs\`](${name}.mjs)`);
  });

  it.each(agents)('%s runs what is permitted, and tells the model of the rest', async (name) => {
    const lines = await linesOf(name);
    expect(lines.filter((line) => /^(?:permitted|denied)/.test(line))).toEqual([
      'permitted  balance {"account":"savings"}',
      'permitted  pay {"to":"ann","amount":20}',
      'denied     pay {"to":"mallory","amount":5000}  (no rule permits `pay` on `/` [no_matching_permit])',
    ]);
    expect(lines.filter((line) => line.startsWith('the model is told'))).toEqual([
      expect.stringContaining('savings: 1200'),
      expect.stringContaining('paid 20 to ann'),
      expect.stringContaining('no rule permits `pay` on `/` [no_matching_permit]'),
    ]);
    expect(lines.join('\n')).not.toContain('paid 5000');
  });

  it.each(services)('%s answers what is permitted, and the rest with a problem', async (name) => {
    const lines = await linesOf(name);
    expect(lines.filter((line) => line.startsWith('the agent gets'))).toEqual([
      'the agent gets: 200 savings: 1200',
      'the agent gets: 200 paid 20 to ann',
      expect.stringMatching(/^the agent gets: 403 no rule permits/),
      expect.stringMatching(/^the agent gets: 403 .*denied|^the agent gets: 403 the rule/),
      expect.stringMatching(/^the agent gets: 403/),
    ]);
    expect(lines.filter((line) => line.startsWith('denied'))).toHaveLength(3);
  });
});
