import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { covenant, folder, inFolder } from './support.js';

interface Run {
  readonly flags?: readonly string[];
  readonly arguments?: readonly string[];
  readonly cwd: string;
}

function start({ flags = [], arguments: more = [], cwd }: Run) {
  const main = join(folder, 'src/main.mjs');
  return spawnSync(process.execPath, [...flags, main, ...more], { cwd, encoding: 'utf8', timeout: 50_000 });
}

/** Every file under a folder with its size and time, but for what is installed or written by a start. */
function filesOf(path: string): string[] {
  const entries = readdirSync(path, { withFileTypes: true }).filter(
    ({ name }) => !name.startsWith('.') && !['node_modules', 'out'].includes(name),
  );
  return entries.flatMap((entry) => {
    const file = join(path, entry.name);
    if (entry.isDirectory()) return filesOf(file);
    return [`${file} ${statSync(file).size} ${statSync(file).mtimeMs}`];
  });
}

describe('npm start', () => {
  it('ends with 0, prints nothing to stderr, and writes to its folder only', () =>
    inFolder((cwd) => {
      const before = filesOf(folder);
      const { status, stdout, stderr } = start({ cwd, arguments: ['--out', 'here'] });
      // SQLite of Node itself, where it is used, says that it is experimental.
      expect(stderr.replace(/^.*(?:ExperimentalWarning|--trace-warnings).*\n/gm, '')).toBe('');
      expect(status).toBe(0);
      expect(stdout).toContain('Everything is in ');
      expect(readdirSync(cwd)).toEqual(['here']);
      const written = [
        'covenant.json',
        'customer-keys',
        'damaged',
        'decision.tlog-proof',
        'log',
        'log.head',
        'log.private',
        'store',
      ];
      expect(readdirSync(join(cwd, 'here')).sort()).toEqual(written);
      expect(filesOf(folder)).toEqual(before);
    }));

  it('begins anew at each start, and leaves the files of others alone', () =>
    inFolder((cwd) => {
      const note = join(cwd, 'note.txt');
      writeFileSync(note, 'mine');
      const sizes = [1, 2].map(() => {
        expect(start({ cwd, arguments: ['--out', '.'] }).status).toBe(0);
        return readFileSync(join(cwd, 'log/checkpoint'), 'utf8').split('\n')[1];
      });
      expect(sizes[1]).toBe(sizes[0]);
      expect(readFileSync(note, 'utf8')).toBe('mine');
    }));

  it('keeps the covenant in encrypted files where no SQLite loads, and says so', () =>
    inFolder((cwd) => {
      const flags = ['--require', join(folder, 'test/no-sqlite.cjs')];
      const { status, stdout } = start({ cwd, flags, arguments: ['--out', 'here'] });
      expect(status).toBe(0);
      expect(stdout).toContain('no SQLite loads');
      expect(existsSync(join(cwd, 'here/store/covenants.db'))).toBe(false);
    }));

  it.each([
    ['a statement that cannot be read', `${covenant}\npermit payments.refund\n`],
    ['an unknown word', `${covenant}\nallow help.read on '/help/**'\n`],
  ])('refuses a covenant with %s, without running the agent', (_, text) =>
    inFolder((cwd) => {
      writeFileSync(join(cwd, 'mine.ccl'), text);
      const { status, stdout } = start({ cwd, arguments: ['--out', 'here', '--covenant', 'mine.ccl'] });
      expect(status).toBe(2);
      expect(stdout).toContain(`line ${covenant.split('\n').length + 1}`);
      expect(existsSync(join(cwd, 'here/log'))).toBe(false);
    }),
  );
});
