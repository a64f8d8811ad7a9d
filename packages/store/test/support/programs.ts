/** Programs of these sources that run as processes of their own, with no build before. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { freshPath } from './stores.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Bundles a program of this folder. @returns the file to run */
export async function bundle(name: string): Promise<string> {
  const outfile = `${freshPath('program')}.mjs`;
  await build({
    entryPoints: [at(name)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'silent',
  });
  return outfile;
}

/** Runs a program to its end. @param environment besides this process's own */
export async function run(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment, NODE_PATH: at('../../../../node_modules') }, // where the driver is
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, output };
}
