import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Where Debian and others put it; `APPTOOL_CHROMIUM` names another. */
const PLACES = [
  process.env.APPTOOL_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The browser of this machine; `null` where it has none. */
export const CHROMIUM = PLACES.find((place) => place !== undefined && existsSync(place)) ?? null;
if (CHROMIUM === null) process.stdout.write('left out: the tests in Chromium, which is not installed\n');

/** A headless browser that asks nobody for anything, with this folder for its own files. */
export async function startBrowser(home: string): Promise<Browser> {
  const offline = ['--disable-background-networking', '--disable-sync', '--no-first-run', '--disable-quic'];
  return await chromium.launch({
    executablePath: CHROMIUM ?? '',
    args: ['--no-sandbox', '--disable-gpu', ...offline],
    env: { PATH: process.env.PATH ?? '', HOME: home },
  });
}
