import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const writer = fileURLToPath(new URL('./writer.mjs', import.meta.url));

/**
 * Runs the writer as a process of its own.
 * @param killAfter kills it (SIGKILL) once it has said so many ids; not given: lets it finish `count`
 * @returns the ids that it said, and its exit code
 */
export function write(
  kind: 'file' | 'sqlite',
  path: string,
  options: { killAfter?: number; count?: number },
): Promise<{ ids: string[]; code: number | null }> {
  const child = spawn(process.execPath, [writer, kind, path, String(options.count ?? 1_000_000)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (options.killAfter !== undefined && said.split('\n').length > options.killAfter) child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ ids: said.split('\n').slice(0, -1), code }));
  });
}
