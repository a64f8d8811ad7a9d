// Tests the packages as their users get them: packed, checked, installed together in an empty folder, and used there from
// ES modules, CommonJS, TypeScript and a browser bundle. Nothing of this repository is on the path there.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importSdkAlone } from './consumers/alone.mjs';
import { bundleForBrowsers, entryPoints, writeConsumers } from './consumers/write.mjs';
import { build } from './lib/build.mjs';
import { pool } from './lib/pool.mjs';
import { check, report } from './lib/report.mjs';
import { main, npmCommand, root, run } from './lib/run.mjs';

const BROWSER_PACKAGES = ['@stele/types', '@stele/crypto', '@stele/ccl', '@stele/core', '@stele/sdk'];

const tool = (name, path) => [process.execPath, join(root, 'node_modules', name, path)];
const tools = {
  publint: tool('publint', 'src/cli.js'),
  attw: tool('@arethetypeswrong/cli', 'dist/index.js'),
  tsc: tool('typescript', 'bin/tsc'),
};

function publicPackages() {
  const folders = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name));
  const packages = folders.map((folder) => ({
    folder,
    manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')),
  }));
  return packages.filter(({ manifest }) => !manifest.private);
}

async function pack(folder, destination) {
  const output = await run(
    [...npmCommand(), 'pack', '--json', '--loglevel=error', `--pack-destination=${destination}`],
    { cwd: folder },
  );
  return join(destination, JSON.parse(output)[0].filename);
}

async function testPackages(temp) {
  const packages = publicPackages();
  const consumer = join(temp, 'consumer');
  mkdirSync(consumer);
  const tarballs = await pool(packages.map((each) => () => pack(each.folder, temp)));
  const shapes = packages.flatMap(({ manifest }, i) => shapeChecks(manifest.name, tarballs[i]));
  const entries = entryPoints(packages.map(({ manifest }) => manifest));
  writeConsumers(consumer, entries);
  const install = ['install', '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs];
  const installed = await check('install all tarballs in an empty folder', () =>
    run([...npmCommand(), ...install], { cwd: consumer }),
  );
  const packed = packages.map(({ manifest }, i) => ({ manifest, tarball: tarballs[i] }));
  const alone = () =>
    check('@stele/sdk alone: everything imports without a framework', () =>
      importSdkAlone(join(temp, 'alone'), packed),
    );
  const rows = await pool([
    ...(installed.passed ? consumerChecks(consumer, packages) : []),
    alone,
    ...shapes,
  ]);
  return [installed, ...rows];
}

function shapeChecks(name, tarball) {
  const publint = [...tools.publint, 'run', tarball, '--strict'];
  const attw = [...tools.attw, tarball, '--profile=node16', '--no-definitely-typed'];
  return [
    () => check(`${name}: publint`, () => run(publint)),
    () => check(`${name}: types`, () => run(attw)),
  ];
}

function consumerChecks(consumer, packages) {
  const inside = (command) => () => run(command, { cwd: consumer });
  const names = packages.map(({ manifest }) => manifest.name);
  const bins = packages.flatMap(({ manifest }) => Object.keys(manifest.bin ?? {}));
  return [
    () => check('TypeScript consumer: nodenext', inside([...tools.tsc, '-p', 'tsconfig.nodenext.json'])),
    () => check('TypeScript consumer: bundler', inside([...tools.tsc, '-p', 'tsconfig.bundler.json'])),
    () => check('ES module consumer', inside([process.execPath, 'consumer.mjs'])),
    () => check('CommonJS consumer', inside([process.execPath, 'consumer.cjs'])),
    ...bins.map(
      (bin) => () =>
        check(`npx ${bin} --help`, async () => {
          const output = await inside([...npmCommand(), 'exec', '--offline', '--', bin, '--help'])();
          if (output.trim() === '') throw new Error(`${bin} --help prints nothing`);
        }),
    ),
    ...BROWSER_PACKAGES.filter((name) => names.includes(name)).map(
      (name) => () => check(`${name}: bundles for browsers`, () => bundleForBrowsers(consumer, name)),
    ),
    () =>
      check('browser bundle runs without Node', async () => {
        await bundleForBrowsers(consumer, './browser.mjs', join(consumer, 'browser.bundle.js'));
        await inside([process.execPath, 'browser-runner.cjs'])();
      }),
  ];
}

await main(async () => {
  await build();
  const temp = mkdtempSync(join(tmpdir(), 'stele-packages-'));
  try {
    return report(await testPackages(temp));
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
});
