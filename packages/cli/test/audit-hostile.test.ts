/** Logs that were made to attack whoever reads them: on a page, in a terminal, in JSON. */
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tilePath } from '@stele/audit';
import { canonicalizeJson } from '@stele/crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haveChromium } from '../../../test/support/chromium.js';
import { launch, openPage } from './audit-browser.js';
import { dayOf } from './audit-entries.js';
import { leafOf, type MadeLog, writeLog } from './audit-logs.js';
import { Folder, stele, steleJson } from './support.js';

const folder = new Folder();
const TIME = '2026-11-30T06:00:00Z';

const ATTACKS = [
  '</script><script>hacked=1</script>',
  '<!--<script>hacked=1',
  '<img src=x onerror=hacked=1>',
  '"><svg onload=hacked=1>',
  "javascript:hacked=1//'",
  '{{meta}}<!-- script -->$&$1$`',
  '</style><style>*{display:none}',
  '\u001b[2J\u001b]0;hacked\u0007',
  '\u202e\u2066reversed\u2028\u2029\ufeff\u0000',
  '__proto__',
  'https://attacker.example/x.png',
];

/** Every field holds the attack, the names of fields too. */
function leafWith(attack: string, seq: number): Uint8Array {
  const fields = {
    ...{ v: 1, seq, kind: 'decision', time: TIME, mode: attack, covenant: attack, chain: [attack, attack] },
    ...{ policy: attack, agent: attack, action: attack, resource: attack, context: attack, decision: attack },
    ...{ code: attack, statements: [attack], obligations: [attack], pattern: attack, trace: attack },
  };
  const members = Object.entries(fields).map(
    ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
  );
  return Buffer.from(`{${members.join(',')},${JSON.stringify(attack)}:{"a":${JSON.stringify(attack)}}}`);
}

const RAW = [
  '',
  'null',
  '[]',
  '"</script>"',
  '{"time":{},"kind":[],"of":1e400}',
  '{"kind":"outcome","of":99999999999999999999,"outcome":{}}',
  '{'.repeat(30_000),
  `{"kind":"decision","decision":"permit","action":"${'a'.repeat(60_000)}"}`,
  '{"kind":"event","time":"not a time","covenant":7}',
  '{"kind":"event","time":"+275760-09-13T00:00:00.000Z"}',
  '{"kind":"event","time":"-271821-04-20T00:00:01.000Z"}',
];

describe('a hostile log', () => {
  let log: MadeLog;
  let pairs: number;

  beforeAll(async () => {
    const attacks = ATTACKS.flatMap((attack, i) => [
      leafWith(attack, 2 * i),
      Buffer.from(canonicalizeJson({ v: 1, seq: 2 * i + 1, kind: attack, time: attack, outcome: attack })),
    ]);
    pairs = attacks.length;
    const leaves = [...attacks, ...RAW.map((text) => Buffer.from(text)), Uint8Array.of(0xff, 0xfe, 0x00)];
    log = await writeLog(folder.at('log'), leaves, { origin: 'x</title><script>hacked=1</script>' });
  });

  it.each([['tail', '-n', '100'], ['show']])(
    'writes nothing to a terminal that could move it: %s',
    async (command, ...rest) => {
      const { code, out } = await stele(['audit', command, log.path, ...rest]);
      expect(code).toBe(0);
      expect(out.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      expect(out.trimEnd().split('\n')).toHaveLength(pairs + RAW.length + 1);
      expect(out).toContain('unreadable');
    },
  );

  it('is one JSON object of the same entries', async () => {
    const { json, out } = await steleJson(['audit', 'show', log.path]);
    expect(json.entries).toHaveLength(pairs + RAW.length + 1);
    expect(json.entries[0].entry.action).toBe(ATTACKS[0]);
    expect(json.entries[pairs]).toEqual({
      index: pairs,
      leafHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      text: '',
    });
    expect(out.trimEnd()).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
  });

  it('is an error with harmless words where it cannot be read', async () => {
    const moving = await writeLog(folder.at('x\u009b2J\u202e'), [leafWith('a', 0)]);
    rmSync(`${moving.path}/tile`, { recursive: true });
    for (const rest of [
      ['tail', moving.path],
      ['show', moving.path],
      ['prove', moving.path, '0'],
    ]) {
      const { code, out, err } = await stele(['audit', ...rest]);
      expect([code, err]).toEqual([2, expect.stringContaining('\\u{9b}')]);
      expect(`${out}${err}`.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    }
  });

  it('is found invalid, with harmless words', async () => {
    const { code, out } = await stele(['audit', 'verify', log.path, '--key', log.did]);
    expect(code).toBe(1);
    expect(out.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
  });

  describe.skipIf(!haveChromium)('on a page (needs Chromium)', () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launch();
    });
    afterAll(() => browser?.close());

    it('is text and nothing else', async () => {
      const { code } = await stele([
        'audit',
        'show',
        log.path,
        '--key',
        log.did,
        '--html',
        folder.at('hostile.html'),
      ]);
      expect(code).toBe(1);
      const html = folder.read('hostile.html');
      expect(html).not.toContain('hacked');
      expect(html.match(/<script/g)).toHaveLength(4);
      const { page, heard } = await openPage(browser, folder.at('hostile.html'));
      for (let index = 0; index < pairs + RAW.length + 1; index++) {
        if (index === 0) await page.locator('#rows .row').first().click();
        else await page.locator('#next').click();
        await page.locator('#result.valid').waitFor();
      }
      for (const text of ['hacked=1', '<img', 'attacker']) {
        await page.evaluate("document.querySelector('#detail').close()");
        await page.getByLabel('Search').fill(text);
        await page.locator('#found').getByText(' of ').waitFor();
      }
      expect(await page.evaluate('typeof hacked')).toBe('undefined');
      expect(await page.locator('img, iframe, object, embed, link, base').count()).toBe(0);
      expect(await page.locator('script').count()).toBe(1);
      expect(await page.locator('a[href], [onerror], [onload]').count()).toBe(0);
      expect(await page.evaluate('Object.prototype.a')).toBeUndefined();
      expect(await page.locator('h1').textContent()).toBe('x</title><script>hacked=1</script>');
      expect(await page.locator('#verdict').getAttribute('class')).toBe('invalid');
      expect(heard).toEqual([]);
      await page.close();
    });

    it('shows the entry that was changed for what it is', async () => {
      const leaves = [...dayOf(300)].map(leafOf);
      const made = await writeLog(folder.at('changed'), leaves);
      const bundle = Buffer.from(
        leaves.slice(0, 256).flatMap((leaf) => [leaf.length >> 8, leaf.length & 255, ...leaf]),
      );
      const at = bundle.indexOf('"permit"');
      bundle.write('"pardon"', at);
      writeFileSync(`${made.path}/${tilePath('entries', 0)}`, bundle);
      const { code, err } = await stele([
        ...['audit', 'show', made.path, '--key', made.vkey, '--html', folder.at('changed.html')],
      ]);
      expect(code).toBe(1);
      expect(err).toContain('does NOT verify');
      const { page, heard } = await openPage(browser, folder.at('changed.html'));
      expect(await page.locator('#verdict.invalid').textContent()).toContain('Not valid');
      await page.locator('#rows .row').first().click();
      await page.locator('#result.invalid').waitFor();
      await page.locator('#next').click();
      await page.locator('#result.valid').waitFor();
      expect(heard).toEqual([]);
      await page.close();
    });

    it('runs no script and asks for nothing even where something were planted', async () => {
      let asked = 0;
      const server = createServer((_request, response) => {
        asked++;
        response.end();
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const made = await writeLog(folder.at('planted'), [...dayOf(3)].map(leafOf));
      await stele(['audit', 'show', made.path, '--html', folder.at('planted.html')]);
      const planted = `<img src="http://127.0.0.1:${port}/" onerror="hacked=1"><script>hacked=1</script>`;
      folder.write('planted.html', folder.read('planted.html').replace('<main', `${planted}<main`));
      const { page, heard } = await openPage(browser, folder.at('planted.html'));
      expect(await page.evaluate('typeof hacked')).toBe('undefined');
      expect(heard.join()).toContain('Content Security Policy');
      expect(asked).toBe(0);
      server.close();
      const refused = await page.evaluate(
        "try { document.body.innerHTML = '<b>x</b>'; 'done' } catch (error) { error.name }",
      );
      expect(refused).toBe('TypeError');
      await page.close();
    });
  });
});
