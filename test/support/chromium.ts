/** A Chromium to look at pages with: `STELE_CHROMIUM`, or the one of Debian. */
import { accessSync, constants } from 'node:fs';

export const chromiumPath = process.env.STELE_CHROMIUM ?? '/usr/bin/chromium';

/** False where there is none. Use as `describe.skipIf(!haveChromium)`. */
export const haveChromium: boolean = (() => {
  try {
    accessSync(chromiumPath, constants.X_OK);
    return true;
  } catch {
    return false;
  }
})();

/** It asks nobody for anything, and may run as root. */
export const chromiumArguments = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
