/** Pages in a browser that tells everything that they ask for or complain of. */
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { chromiumArguments, chromiumPath } from '../../../test/support/chromium.js';

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath, args: chromiumArguments });

export interface OpenedPage {
  readonly page: Page;
  /** Messages of the console, errors, dialogs, and requests for anything but the page. */
  readonly heard: string[];
}

/** Opens a file, and waits until its list is there. */
export async function openPage(
  browser: Browser,
  file: string,
  options: Parameters<Browser['newPage']>[0] = {},
): Promise<OpenedPage> {
  const page = await browser.newPage(options);
  const heard: string[] = [];
  const url = pathToFileURL(file).href;
  page.on('console', (message) => heard.push(message.text()));
  page.on('pageerror', (error) => heard.push(String(error)));
  page.on('dialog', (dialog) => {
    heard.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== url) heard.push(`a request: ${request.url()}`);
  });
  await page.goto(url);
  await page.locator('#found').getByText('entries').waitFor({ timeout: 120_000 });
  return { page, heard };
}
