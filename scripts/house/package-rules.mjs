// What every package has, and what its package.json says.
import { posix } from 'node:path';
import ts from 'typescript';
import { layerOf } from './layers.mjs';
import { lineAt, lineOf, parse } from './read.mjs';

const EXACT = /^(?:npm:(?:@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/;
const FIELDS = ['dependencies', 'optionalDependencies', 'devDependencies'];

/** Every package has a place in the order, a README and an index. */
export function packagesAreComplete(house) {
  return house.packages.flatMap(({ folder, manifest, name, files }) => {
    const problems = [];
    const file = `${folder}/package.json`;
    if (layerOf(name) < 0 && !manifest.private) {
      problems.push({
        file,
        line: 1,
        message: `${name} has no place in the order`,
        mend: 'add it to scripts/house/layers.mjs',
      });
    }
    for (const [needed, mend] of [
      ['README.md', 'say in it what the package is, with a first example that runs'],
      ['src/index.ts', 'write the named exports by hand'],
    ]) {
      if (manifest.private || files.includes(`${folder}/${needed}`)) continue;
      problems.push({ file: `${folder}/${needed}`, line: 1, message: 'missing', mend });
    }
    return problems;
  });
}

/** Versions are exact, and dependencies follow the order of the house. */
export function dependenciesAreExact(house) {
  const versions = new Map(house.packages.map((each) => [each.name, each.manifest.version]));
  const rootManifest = { folder: '.', name: '', manifest: JSON.parse(house.text('package.json')) };
  const problems = [];
  for (const owner of [rootManifest, ...house.packages, ...house.examples]) {
    const file = owner === rootManifest ? 'package.json' : `${owner.folder}/package.json`;
    for (const [name, version] of FIELDS.flatMap((field) => Object.entries(owner.manifest[field] ?? {}))) {
      const add = (message, mend) =>
        problems.push({ file, line: lineOf(house.text(file), `"${name}":`), message, mend });
      if (!EXACT.test(version))
        add(`${name} is ${version}, not one version`, 'write the version that is installed');
      else if (versions.has(name) && versions.get(name) !== version) {
        add(
          `${name} is ${version} here and ${versions.get(name)} in its own package.json`,
          'write the same version',
        );
      }
      if (!owner.folder.startsWith('packages/') || !versions.has(name) || layerOf(name) < layerOf(owner.name))
        continue;
      add(
        `${owner.name} may not depend on ${name}: imports run one way`,
        'pass the lower package a function instead',
      );
    }
  }
  return problems;
}

/** The source that a relative import of built code means: `./x.js` in `a/src/index.ts` is `a/src/x.ts`. */
const sourceOf = (file, specifier) => posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts');

/** The index, and every other entry, names what it exports; it may take over what another entry names. */
export function entriesNameTheirExports(house) {
  const problems = [];
  for (const { folder, files } of house.packages) {
    const config = `${folder}/tsup.config.ts`;
    const entries = files.includes(config)
      ? tsupEntries(config, house.text(config)).map(({ source }) => `${folder}/${source}`)
      : [];
    for (const file of new Set([`${folder}/src/index.ts`, ...entries])) {
      if (!files.includes(file)) continue;
      for (const statement of parse(file, house.text(file)).statements) {
        const isStar =
          ts.isExportDeclaration(statement) &&
          statement.exportClause === undefined &&
          !entries.includes(sourceOf(file, statement.moduleSpecifier.text));
        const isDefault = ts.isExportAssignment(statement);
        if (!isStar && !isDefault) continue;
        const line = lineAt(house.text(file), statement.getStart());
        const message = isStar ? 'exports everything of another file' : 'has a default export';
        problems.push({
          file,
          line,
          message,
          mend: 'export by name, so that the public names stand in one place',
        });
      }
    }
  }
  return problems;
}

/** Each published file is built from a source, and each source that is built is published. */
export function exportsMatchEntries(house) {
  const problems = [];
  for (const { folder, manifest, files } of house.packages) {
    const file = `${folder}/package.json`;
    const config = `${folder}/tsup.config.ts`;
    if (manifest.private || !files.includes(config)) continue;
    const entries = tsupEntries(config, house.text(config));
    const published = publishedFiles(manifest);
    for (const target of published) {
      const built = builtName(target);
      if (built === undefined || entries.some((entry) => entry.name === built)) continue;
      const line = lineOf(house.text(file), target);
      problems.push({
        file,
        line,
        message: `${target} is published, but nothing builds it`,
        mend: `add src/${built}.ts to the entries of ${config}`,
      });
    }
    for (const { name, source, line } of entries) {
      if (!files.includes(`${folder}/${source}`))
        problems.push({
          file: config,
          line,
          message: `${source} does not exist`,
          mend: 'write it, or remove the entry',
        });
      if (published.some((target) => builtName(target) === name)) continue;
      problems.push({
        file: config,
        line,
        message: `${source} is built, but not published`,
        mend: `add it to the exports of ${file}`,
      });
    }
  }
  return problems;
}

/** Every file that `exports`, `imports` and `bin` name. */
function publishedFiles(manifest) {
  const leaves = (value) =>
    typeof value === 'string' ? [value] : Object.values(value ?? {}).flatMap(leaves);
  return [...new Set([...leaves(manifest.exports), ...leaves(manifest.imports), ...leaves(manifest.bin)])];
}

/** `./dist/adapters.d.cts` -> `adapters`; undefined for a file that is not built. */
function builtName(target) {
  return /^\.\/dist\/(.+?)(?:\.d)?\.[cm]?[jt]s$/.exec(target)?.[1];
}

/** The `entry` lists of a tsup configuration: `['src/index.ts']` or `{ index: 'src/index.ts' }`. */
function tsupEntries(file, text) {
  const entries = [];
  const add = (node, name) => {
    if (!ts.isStringLiteralLike(node)) return;
    const built = name ?? node.text.replace(/^src\//, '').replace(/\.[cm]?tsx?$/, '');
    entries.push({ name: built, source: node.text, line: lineAt(text, node.getStart()) });
  };
  const visit = (node) => {
    if (ts.isPropertyAssignment(node) && node.name.getText() === 'entry') {
      if (ts.isArrayLiteralExpression(node.initializer))
        for (const each of node.initializer.elements) add(each);
      if (ts.isObjectLiteralExpression(node.initializer)) {
        for (const each of node.initializer.properties)
          if (ts.isPropertyAssignment(each)) add(each.initializer, each.name.text);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(file, text));
  return entries;
}
