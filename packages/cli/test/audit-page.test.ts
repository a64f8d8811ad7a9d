/** The page of a log, in a browser. */
import { statSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haveChromium } from '../../../test/support/chromium.js';
import { launch, openPage } from './audit-browser.js';
import { dayOf } from './audit-entries.js';
import { leafOf, type MadeLog, ORIGIN, writeLog } from './audit-logs.js';
import { Folder, stele, steleJson } from './support.js';

const ENTRIES = Number(process.env.STELE_PAGE_ENTRIES ?? 5_000);
const folder = new Folder();

describe.skipIf(!haveChromium)('the page of a log (needs Chromium)', () => {
  let browser: Browser;
  let log: MadeLog;

  beforeAll(async () => {
    browser = await launch();
    const leaves = [...dayOf(ENTRIES)].map(leafOf);
    log = await writeLog(folder.at('log'), leaves);
    const { code } = await stele([
      ...['audit', 'show', log.path, '--key', log.vkey, '--html', folder.at('log.html')],
    ]);
    expect(code).toBe(0);
  }, 300_000);
  afterAll(() => browser?.close());

  const open = (file: string, options?: Parameters<typeof openPage>[2]) =>
    openPage(browser, folder.at(file), options);
  const found = (page: Page) => page.locator('#found').textContent();

  /** Waits for a count that is another than before. */
  async function narrowed(page: Page, act: () => Promise<unknown>): Promise<string | null> {
    const before = await found(page);
    await act();
    await expect.poll(() => found(page), { timeout: 60_000 }).not.toBe(before);
    return found(page);
  }

  it('says what was verified and what not, and is small', async () => {
    const { page, heard } = await open('log.html');
    expect(await page.locator('h1').textContent()).toBe(ORIGIN);
    expect(await page.locator('#facts').textContent()).toContain(log.root);
    const verdict = await page.locator('#verdict.valid').textContent();
    expect(verdict).toContain('Verified when this page was made');
    expect(verdict).toContain('What this does not prove');
    expect(verdict).toContain(log.vkey);
    expect(await page.locator('#checkpoint').textContent()).toBe(log.checkpoint);
    expect(statSync(folder.at('log.html')).size).toBeLessThan(60_000 + 400 * ENTRIES);
    expect(heard).toEqual([]);
    await page.close();
  });

  it('filters by decision, code, covenant, time and text', async () => {
    const { page, heard } = await open('log.html');
    const denials = await narrowed(page, () => page.getByLabel('Decision').selectOption('deny'));
    const { json } = await steleJson(['audit', 'show', log.path, '--decision', 'deny']);
    const denied = json.entries.length + json.unlisted;
    expect(denials).toBe(`${denied.toLocaleString('en-US')} of ${ENTRIES.toLocaleString('en-US')} entries`);
    await narrowed(page, () => page.locator('#by-code').getByText('no_matching_permit').click());
    await page.locator('#rows .row').first().scrollIntoViewIfNeeded();
    for (const label of await page.locator('#rows .row .label').allTextContents())
      expect(label).toBe('no_matching_permit');
    await narrowed(page, () => page.getByRole('button', { name: 'Show all' }).click());
    expect(await found(page)).toBe(`${ENTRIES.toLocaleString('en-US')} entries`);
    await narrowed(page, () => page.getByLabel('Search').fill('key.rotated'));
    expect(await page.locator('#rows .row .label').first().textContent()).toBe('key.rotated');
    await narrowed(page, () => page.getByLabel('Search').fill('no entry has this'));
    expect(await page.getByText('No entry is like this.').isVisible()).toBe(true);
    await narrowed(page, () => page.getByRole('button', { name: 'Show all' }).click());
    await narrowed(page, () => page.locator('#chart g').nth(30).click());
    expect(await page.getByLabel('From, UTC').inputValue()).toMatch(/^2026-11-30T/);
    expect(heard).toEqual([]);
    await page.close();
  });

  it('shows an entry with evidence that verifies', async () => {
    const { page, heard } = await open('log.html');
    await page.locator('#rows .row').first().focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'PageDown', 'ArrowUp', 'Enter'])
      await page.keyboard.press(key);
    await page.locator('#result.valid').waitFor();
    const index = Number(/#entry-(\d+)$/.exec(page.url())?.[1]);
    expect(index).toBeGreaterThan(2);
    const { json } = await steleJson(['audit', 'prove', log.path, String(index)]);
    expect(await page.locator('#leaf-hash').textContent()).toBe(json.leafHash);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save the proof' }).click();
    const proof = folder.at('saved.tlog-proof');
    expect((await download).suggestedFilename()).toBe(`decision-${index}.tlog-proof`);
    await (await download).saveAs(proof);
    expect(folder.read('saved.tlog-proof')).toBe(json.proof);
    expect((await stele(['audit', 'verify', proof, '--key', log.vkey])).code).toBe(0);
    await page.keyboard.press('Escape');
    expect(await page.locator('dialog').isVisible()).toBe(false);
    const focused = page.locator('#rows .row:focus .index');
    expect(await focused.textContent()).toBe(index.toLocaleString('en-US'));
    expect(heard).toEqual([]);
    await page.close();
  });

  it('proves the last entries, whose tree is lopsided, and opens what its address names', async () => {
    const { page, heard } = await open('log.html');
    for (const index of [ENTRIES - 1, ENTRIES - 2, 0]) {
      await page.goto(`${page.url().split('#')[0]}#entry-${index}`);
      await page.reload();
      await page.locator('#result.valid').waitFor();
      expect(await page.locator('#detail-title').textContent()).toContain(index.toLocaleString('en-US'));
    }
    expect(heard).toEqual([]);
    await page.close();
  });

  it('draws only the rows in sight, wherever it is scrolled to', async () => {
    const { page, heard } = await open('log.html');
    await page.keyboard.press('Tab');
    await page.locator('#rows .row').first().focus();
    await page.keyboard.press('End');
    const last = page.locator('#rows .row', { hasText: (ENTRIES - 1).toLocaleString('en-US') });
    expect(await last.first().isVisible()).toBe(true);
    expect(await page.locator('#rows .row').count()).toBeLessThan(100);
    expect(await page.locator('#grid').getAttribute('aria-rowcount')).toBe(String(ENTRIES + 1));
    expect(heard).toEqual([]);
    await page.close();
  });

  it.each(['light', 'dark'] as const)('fits a telephone, %s', async (colorScheme) => {
    const { page, heard } = await open('log.html', { viewport: { width: 360, height: 700 }, colorScheme });
    const width = () => page.evaluate('document.documentElement.scrollWidth');
    expect(await width()).toBe(360);
    await page.locator('#rows .row').first().click();
    await page.locator('#result.valid').waitFor();
    expect(await width()).toBe(360);
    expect(await page.locator('dialog').evaluate((dialog) => dialog.scrollWidth)).toBeLessThanOrEqual(360);
    const paper = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    expect(paper === 'rgb(255, 255, 255)').toBe(colorScheme === 'light');
    expect(heard).toEqual([]);
    await page.close();
  });

  it('prints the first entries of the list as they are', async () => {
    const { page } = await open('log.html');
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('#rows .row').count()).toBe(Math.min(ENTRIES, 1_000));
    expect(await page.locator('#printed').textContent()).toContain('The first 1,000');
    expect(await page.locator('#filters').isVisible()).toBe(false);
    await page.close();
  });
});
