/** A log as one page of HTML, which loads nothing and holds the log in a form that no browser reads as markup. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import charts from '../../page/charts.css?text';
import detail from '../../page/detail.css?text';
import template from '../../page/index.html?text';
import list from '../../page/list.css?text';
import script from '../../page/main.ts?text';
import base from '../../page/page.css?text';

/** See `src/page/load.ts`, which reads it. */
export interface PageContent {
  readonly meta: object;
  /** Bundles of entries one after the other. */
  readonly entries: Uint8Array;
  readonly nodes: Uint8Array;
}

const style = [base, charts, list, detail].join('\n');
const pack = promisify(gzip);

/**
 * The page. All that comes from the log is compressed and in base64: there is no character in it that could end an element.
 */
export async function renderPage({ meta, entries, nodes }: PageContent): Promise<string> {
  const parts: Readonly<Record<string, string>> = {
    policy: `<meta http-equiv="Content-Security-Policy" content="${policy()}">`,
    style: `<style>${style}</style>`,
    data: [
      await block('data-meta', Buffer.from(JSON.stringify(meta))),
      await block('data-entries', entries),
      await block('data-nodes', nodes),
    ].join('\n'),
    script: `<script>${script}</script>`,
  };
  return template.replace(/<!-- (\w+) -->/g, (_, name: string) => parts[name] as string);
}

async function block(id: string, bytes: Uint8Array): Promise<string> {
  return `<script type="text/plain" id="${id}">${(await pack(bytes)).toString('base64')}</script>`;
}

/** Only this script and this style sheet; no address is asked, and no text becomes markup or code. */
function policy(): string {
  return [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

const hashOf = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`;
