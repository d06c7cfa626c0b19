/** Chromium for tests, where there is one. */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type Serving, serveSite } from './site.ts';

const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

export const isThere = existsSync(executablePath);

/** For the name of a suite, with the reason why it is skipped. */
export const place = isThere
  ? 'Chromium'
  : `Chromium, skipped because there is none at ${executablePath} (CHROMIUM_PATH)`;

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

export interface PageRun<T> {
  readonly result: T;
  /** Paths that the page asked for and that are not there. */
  readonly missing: readonly string[];
}

/** What `run` gives of a page of the site. */
export async function inPage<T>(
  browser: Browser,
  site: string,
  serving: Serving,
  run: (page: Page) => Promise<T>,
): Promise<PageRun<T>> {
  const served = await serveSite(site, serving);
  const page = await browser.newPage();
  try {
    await page.goto(served.url);
    return { result: await run(page), missing: served.missing };
  } finally {
    await page.close();
    served.close();
  }
}
