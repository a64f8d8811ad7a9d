// Packs the built extension into a .vsix: a zip of a manifest and what VS Code needs. Usage: node scripts/vsix.mjs [file]
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { strToU8, zipSync } from 'fflate';

const folder = fileURLToPath(new URL('..', import.meta.url));
const root = join(folder, '../..');
const read = (/** @type {string} */ file) => readFileSync(join(folder, file), 'utf8');

/** What of the folder goes into the package as it is. */
const FILES = [
  'README.md',
  'language-configuration.json',
  'syntaxes/ccl.tmLanguage.json',
  'dist/extension.cjs',
  'dist/server.cjs',
];
/** What of package.json only those need who build the extension. */
const DEVELOPMENT = ['private', 'scripts', 'dependencies', 'devDependencies'];

/** The package. The same files give the same bytes. */
export function makeVsix() {
  const manifest = Object.fromEntries(
    Object.entries(JSON.parse(read('package.json'))).filter(([key]) => !DEVELOPMENT.includes(key)),
  );
  const files = {
    '[Content_Types].xml': contentTypes(),
    'extension.vsixmanifest': vsixManifest(manifest),
    'extension/package.json': `${JSON.stringify(manifest, null, 2)}\n`,
    'extension/LICENSE.txt': readFileSync(join(root, 'LICENSE'), 'utf8'),
    'extension/THIRD-PARTY-NOTICES.txt': notices(),
    ...Object.fromEntries(FILES.map((file) => [`extension/${file}`, read(file)])),
  };
  const bytes = Object.entries(files).map(([name, text]) => [name, strToU8(text)]);
  return zipSync(Object.fromEntries(bytes), { level: 9, mtime: new Date(1980, 0, 1) });
}

function contentTypes() {
  const types = { json: 'application/json', cjs: 'application/javascript', md: 'text/markdown' };
  const entries = Object.entries({ ...types, txt: 'text/plain', vsixmanifest: 'text/xml' });
  const lines = entries.map(([name, type]) => `  <Default Extension=".${name}" ContentType="${type}"/>`);
  return `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
${lines.join('\n')}
</Types>
`;
}

/** @param {Record<string, any>} manifest */
function vsixManifest({ name, version, publisher, displayName, description, keywords, categories, engines }) {
  const text = (/** @type {string} */ value) =>
    value.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="${text(name)}" Version="${text(version)}" Publisher="${text(publisher)}"/>
    <DisplayName>${text(displayName)}</DisplayName>
    <Description xml:space="preserve">${text(description)}</Description>
    <Tags>${text(keywords.join(','))}</Tags>
    <Categories>${text(categories.join(','))}</Categories>
    <License>extension/LICENSE.txt</License>
    <Properties>
      <Property Id="Microsoft.VisualStudio.Code.Engine" Value="${text(engines.vscode)}"/>
      <Property Id="Microsoft.VisualStudio.Code.ExtensionKind" Value="workspace"/>
    </Properties>
  </Metadata>
  <Installation>
    <InstallationTarget Id="Microsoft.VisualStudio.Code"/>
  </Installation>
  <Dependencies/>
  <Assets>
    <Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.Details" Path="extension/README.md" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.License" Path="extension/LICENSE.txt" Addressable="true"/>
  </Assets>
</PackageManifest>
`;
}

/** The licences of the libraries that are bundled. */
function notices() {
  const { inputs } = JSON.parse(read('dist/metafile-cjs.json'));
  const folders = Object.keys(inputs).flatMap(
    (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? [],
  );
  const sections = [...new Set(folders)].sort().map((each) => {
    const library = join(folder, each);
    const { name, version } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'));
    const license = readdirSync(library).find((file) => /^licen[cs]e/i.test(file));
    if (license === undefined) throw new Error(`${name} has no licence file, so it cannot be passed on`);
    return `${name} ${version}\n\n${readFileSync(join(library, license), 'utf8').trim()}\n`;
  });
  return `The extension contains these libraries.\n\n${sections.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (!existsSync(join(folder, 'dist/metafile-cjs.json'))) throw new Error('build it first: npm run build');
  const { name, version } = JSON.parse(read('package.json'));
  const file = process.argv[2] ?? join(folder, `dist/${name}-${version}.vsix`);
  const bytes = makeVsix();
  writeFileSync(file, bytes);
  process.stdout.write(`${relative(process.cwd(), file)}, ${Math.round(bytes.length / 1024)} KiB\n`);
}
