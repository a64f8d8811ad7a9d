// What may import what.
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { layerOf, PURE, packageOf, subpathOf } from './layers.mjs';
import { isCode } from './read.mjs';

const isRelative = (name) => name.startsWith('.');
const isSource = (owner, file) => file.startsWith(`${owner.folder}/src/`);

/** Every import of every package and example, with its owner. */
function* eachImport(house, owners = [...house.packages, ...house.examples]) {
  for (const owner of owners) {
    for (const file of owner.files.filter(isCode)) {
      for (const found of house.imports(file)) yield { owner, ...found };
    }
  }
}

/** Imports run one way: types <- crypto, ccl <- core <- store <- sdk <- cli. */
export function importsRunOneWay(house) {
  const names = new Set(house.packages.map((each) => each.name));
  const problems = [];
  for (const { owner, file, line, name } of eachImport(house, house.packages)) {
    const target = packageOf(name);
    if (!names.has(target) || (target === owner.name && !isSource(owner, file))) continue;
    if (layerOf(target) < layerOf(owner.name)) continue;
    const mend =
      target === owner.name
        ? 'import the file by its relative path'
        : 'pass the lower package a function instead';
    problems.push({
      file,
      line,
      message: `${owner.name} may not import ${target}: imports run one way`,
      mend,
    });
  }
  return problems;
}

/** A package is imported by a name that it publishes. */
export function importsArePublished(house) {
  const published = new Map(
    house.packages.map((each) => [each.name, Object.keys(each.manifest.exports ?? {})]),
  );
  const problems = [];
  for (const { file, line, name } of eachImport(house)) {
    const subpaths = published.get(packageOf(name));
    if (subpaths === undefined || subpaths.includes(subpathOf(name))) continue;
    problems.push({
      file,
      line,
      message: `${name} is not published`,
      mend: `import one of ${subpaths.join(', ')}`,
    });
  }
  return problems;
}

/** No relative import leaves its package, but for what tests share. */
export function importsStayInside(house) {
  const problems = [];
  for (const { owner, file, line, name } of eachImport(house)) {
    if (!isRelative(name)) continue;
    const target = posix.join(posix.dirname(file), name);
    const isShared = target.startsWith('test/support/') && !isSource(owner, file);
    if (target.startsWith(`${owner.folder}/`) || isShared) continue;
    const mend = 'import the other package by its published name; tests may import from test/support';
    problems.push({ file, line, message: `${name} leaves ${owner.folder}`, mend });
  }
  return problems;
}

/** Sources import no tests. */
export function sourcesImportNoTests(house) {
  const problems = [];
  for (const { owner, file, line, name } of eachImport(house)) {
    if (!isSource(owner, file) || !isRelative(name)) continue;
    if (!posix.join(posix.dirname(file), name).startsWith(`${owner.folder}/test/`)) continue;
    problems.push({
      file,
      line,
      message: `a source imports ${name}`,
      mend: 'move what both need into src/lib',
    });
  }
  return problems;
}

/** What a package imports, it declares: for sources as a dependency, for tests also as a development one. */
export function importsAreDeclared(house) {
  const root = JSON.parse(house.text('package.json'));
  const problems = [];
  for (const { owner, file, line, name } of eachImport(house)) {
    const target = packageOf(name);
    if (isRelative(name) || isBuiltin(name) || target === owner.name || name.startsWith('#')) continue;
    const { dependencies, optionalDependencies, peerDependencies, devDependencies, engines } = owner.manifest;
    // A program that runs code of ours may have a module of its own: `engines.vscode` stands for `vscode`.
    const declared = { ...engines, ...dependencies, ...optionalDependencies, ...peerDependencies };
    if (!isSource(owner, file)) Object.assign(declared, devDependencies, root.devDependencies);
    if (Object.hasOwn(declared, target)) continue;
    problems.push({
      file,
      line,
      message: `${target} is not declared`,
      mend: `add it to ${owner.folder}/package.json`,
    });
  }
  return problems;
}

/** The pure packages import nothing of Node. */
export function pureStaysPure(house) {
  const problems = [];
  const pure = house.packages.filter((each) => PURE.includes(each.name));
  for (const { owner, file, line, name } of eachImport(house, pure)) {
    if (!isSource(owner, file) || !isBuiltin(name)) continue;
    const mend = 'use what every platform has, or have the caller pass it in';
    problems.push({ file, line, message: `${owner.name} runs everywhere, but imports ${name}`, mend });
  }
  return problems;
}
