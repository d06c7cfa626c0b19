/** The site as `npm run site` builds it: every link leads somewhere, and Chromium shows and searches it without a server. */
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const isThere = existsSync(executablePath);
const place = isThere ? 'Chromium' : `Chromium, skipped because there is none at ${executablePath} (CHROMIUM_PATH)`;

const site = mkdtempSync(join(tmpdir(), 'hepc-site-'));
beforeAll(() => {
  execFileSync(process.execPath, [...process.execArgv, join(root, 'scripts', 'site', 'build.ts'), site]);
});
afterAll(() => {
  rmSync(site, { recursive: true });
});

const textOf = (file: string): string => readFileSync(join(site, file), 'utf8');

test('every link leads to a page that is there, and to a place on it', () => {
  const files = globSync('**/*.html', { cwd: site });
  expect(files.length).toBeGreaterThan(50);
  const places = new Map(
    files.map((file) => [file, new Set([...textOf(file).matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))]),
  );
  const faults = files.flatMap((file) =>
    [...textOf(file).matchAll(/ href="([^"]+)"/g)].flatMap(([, target = '']) => {
      if (/^(https?|mailto):/.test(target)) return [];
      const [path = '', anchor] = decodeURI(target).replace('&amp;', '&').split('#');
      const found = path === '' ? file : join(dirname(file), path);
      if (!existsSync(join(site, found))) return [`${file}: ${target}`];
      return anchor === undefined || anchor === '' || (places.get(found)?.has(anchor) ?? true)
        ? []
        : [`${file}: ${target}`];
    }),
  );
  expect(faults).toEqual([]);
});

describe.skipIf(!isThere)(`in ${place}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  });
  afterAll(() => browser.close());

  const open = async (file: string, width: number, colorScheme: 'light' | 'dark' = 'light') => {
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    await page.goto(pathToFileURL(join(site, file)).href);
    return page;
  };

  test('a word of a page is found, from the file system', async () => {
    const page = await open('index.html', 1280);
    await page.click('#tsd-search-trigger');
    await page.fill('#tsd-search-input', 'bootstrapping');
    const results = page.locator('#tsd-search-results a');
    await results.first().waitFor();
    expect(await results.allTextContents()).toEqual(expect.arrayContaining([expect.stringContaining('Questions')]));
    await page.close();
  });

  test('the page is light or dark as the browser asks', async () => {
    const backgrounds: string[] = [];
    for (const scheme of ['light', 'dark'] as const) {
      const page = await open('index.html', 1280, scheme);
      backgrounds.push(await page.evaluate<string>('getComputedStyle(document.body).backgroundColor'));
      await page.close();
    }
    expect(new Set(backgrounds).size).toBe(2);
  });

  test('no page of the guide is wider than a phone', async () => {
    const wide: string[] = [];
    for (const file of ['index.html', ...globSync('documents/*.html', { cwd: site })]) {
      const page = await open(file, 390);
      const excess = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      if (excess > 0) wide.push(`${file}: ${excess} px`);
      await page.close();
    }
    expect(wide).toEqual([]);
  });
});
