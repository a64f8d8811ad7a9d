// Reads the repository once, as the rules need it: files, packages, imports with their lines.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/**
 * @typedef {{ file: string, line: number, message: string, mend: string }} Problem
 * @typedef {{ file: string, line: number, name: string }} Import
 * @typedef {{ folder: string, manifest: Record<string, any>, name: string, files: string[] }} Package
 * @typedef {{ root: string, files: string[], packages: Package[], examples: Package[], text(file: string): string, imports(file: string): Import[] }} House
 */

/** @param {string} root @returns {House} */
export function readHouse(root) {
  const files = listFiles(root);
  const texts = new Map();
  const text = (file) => {
    if (!texts.has(file)) texts.set(file, readFileSync(join(root, file), 'utf8'));
    return texts.get(file);
  };
  const workspaces = (parent) => readWorkspaces(parent, files, text);
  return {
    root,
    files,
    packages: workspaces('packages'),
    examples: [...workspaces('examples'), ...workspaces('editors')], // what uses packages and is none
    text,
    imports: (file) => importsOf(file, text(file)),
  };
}

/** What git tracks or would add: nothing that is installed, built or ignored. */
function listFiles(root) {
  const { status, stdout, stderr } = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`git ls-files failed in ${root}: ${stderr}`);
  const isPlainFile = (file) => existsSync(join(root, file)) && lstatSync(join(root, file)).isFile();
  return [...new Set(stdout.split('\0'))].filter((file) => file !== '' && isPlainFile(file)).sort();
}

function readWorkspaces(parent, files, text) {
  const manifests = files.filter((file) => new RegExp(`^${parent}/[^/]+/package\\.json$`).test(file));
  return manifests.map((file) => {
    const folder = file.slice(0, -'/package.json'.length);
    const manifest = JSON.parse(text(file));
    return {
      folder,
      manifest,
      name: manifest.name,
      files: files.filter((each) => each.startsWith(`${folder}/`)),
    };
  });
}

export const isCode = (file) => /\.[cm]?[jt]sx?$/.test(file);

/** Every `import`, `export … from`, `import()` and `require()` of a file; not what stands in comments or strings. */
function importsOf(file, text) {
  const { importedFiles } = ts.preProcessFile(text, true, true);
  return importedFiles.map(({ fileName, pos }) => ({ file, line: lineAt(text, pos), name: fileName }));
}

/** The line number (from 1) of a position in a text. */
export function lineAt(text, position) {
  return text.slice(0, position).split('\n').length;
}

/** The line number of the first occurrence of `part`, else 1. */
export function lineOf(text, part) {
  return lineAt(text, Math.max(text.indexOf(part), 0));
}

/** The syntax tree of a TypeScript file. */
export function parse(file, text) {
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
}
