/** The demo page in Chromium: as people use it, under its own content security policy. */
import type { Browser, BrowserContext, ConsoleMessage, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isThere, launchChromium, place } from '../support/browser/chromium.ts';
import { drawSeven, longestTask, openDemoPage, startDemo } from '../support/browser/demo.ts';

const phone = { width: 390, height: 844 };

describe.skipIf(!isThere)(`demo page, ${place}`, () => {
  let url: string;
  let browser: Browser;
  let context: BrowserContext;
  /** The tests use it one after another, as somebody would who does all of it. */
  let page: Page;
  let openedAt: number;
  /** What a page may not do, as it does it. */
  const faults: string[] = [];
  let close: () => Promise<void>;

  beforeAll(async () => {
    const demo = await startDemo(1);
    url = demo.url;
    browser = await launchChromium();
    context = await browser.newContext({ hasTouch: true });
    openedAt = performance.now();
    page = await openPage();
    close = async () => {
      await browser.close();
      await demo.close();
    };
  });
  afterAll(() => close());

  async function openPage(): Promise<Page> {
    const opened = await context.newPage();
    const hear = (message: ConsoleMessage): void => {
      // Keys that the server does not have yet are not found.
      if (message.type() !== 'error' || message.location().url.startsWith(`${url}v1/keys/`)) return;
      faults.push(message.text());
    };
    opened.on('console', hear);
    opened.on('worker', (worker) => worker.on('console', hear));
    opened.on('pageerror', (error) => faults.push(error.message));
    opened.on('request', (request) => {
      if (!request.url().startsWith(url)) faults.push(`asked for ${request.url()}`);
    });
    await openDemoPage(opened, url);
    return opened;
  }

  /** What is answered, and the answer of the model in the clear. */
  async function answers(id: string): Promise<readonly [string, string | null]> {
    const answer = page.locator(`#${id}[data-clear]`);
    await answer.waitFor();
    return [await answer.innerText(), await answer.getAttribute('data-clear')];
  }

  test('a digit that is drawn is answered as in the clear', async () => {
    await drawSeven(page);
    expect(await answers('digit-answer')).toEqual(['7', '7']);
    expect(await page.locator('#scores .best').innerText()).toMatch(/^7\s+\d+\.\d+\s+\d+\.\d+$/);
    expect(await page.locator('#said').innerText()).toMatch(/^The encrypted model says 7, and so does the model/);
    expect(await page.locator('#evidence-summary').innerText()).toMatch(/^\d+ kB of ciphertext for one drawing/);
    expect(await page.locator('#times tr').count()).toBe(6);
    // Tasks of less than 50 ms are not told of. The machine may be busy with other tests.
    expect(await longestTask(page)).toBeLessThan(Math.max(50, (performance.now() - openedAt) / 10));
    expect(faults).toEqual([]);
  });

  test('keys draw, choose samples and move between the views', async () => {
    await page.locator('#field').focus();
    await page.keyboard.press('Delete');
    await page.keyboard.press('Space');
    for (let k = 0; k < 20; k++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    const [drawn, clear] = await answers('digit-answer');
    expect(drawn).toBe(clear);
    await page.keyboard.press('Delete');
    expect(await page.locator('#digit-answer').innerText()).toBe('?');
    await page.getByRole('button', { name: 'A 3 of the samples' }).first().focus();
    await page.keyboard.press('Enter');
    expect(await answers('digit-answer')).toEqual(['3', '3']);

    await page.getByRole('tab', { name: 'Digit' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.locator('#said', { hasText: 'The image is cleaned' }).waitFor();
    await page.keyboard.press('ArrowRight');
    expect(await answers('patient-answer')).toEqual(['benign', 'benign']);
    expect(await page.locator('#patient-truth').innerText()).toBe('benign');
    await page.getByLabel('mean radius').fill('');
    await page.locator('#said', { hasText: 'nothing is asked' }).waitFor();
    expect(faults).toEqual([]);
  });

  test('a finger draws on a phone, which scrolls in one direction', async () => {
    await page.setViewportSize(phone);
    await page.getByRole('tab', { name: 'Digit' }).click();
    await page.locator('#field').focus();
    await page.keyboard.press('Delete');
    const box = await page.locator('#field').boundingBox();
    if (box === null) throw new Error('the field is not shown');
    const devtools = await context.newCDPSession(page);
    const x = box.x + box.width / 2;
    for (let k = 0; k <= 8; k++) {
      const touchPoints = [{ x, y: box.y + (0.15 + 0.08 * k) * box.height }];
      await devtools.send('Input.dispatchTouchEvent', { type: k === 0 ? 'touchStart' : 'touchMove', touchPoints });
    }
    await devtools.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    expect(await page.evaluate('scrollY')).toBe(0);
    expect(await answers('digit-answer')).toEqual(['1', '1']);
    for (const name of ['Digit', 'Noisy image', 'Patient']) {
      await page.getByRole('tab', { name }).click();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(phone.width);
    }
    expect(faults).toEqual([]);
  });

  test('keys outlive the page, those of a plan that has been replaced do not', async () => {
    // As if the first model had been asked under other keys before.
    await page.evaluate(inDatabase, ['put', 'old'] as const);
    expect(await page.evaluate(inDatabase, ['list'] as const)).toHaveLength(4);
    await page.reload();
    await page.waitForSelector('#scores tr');
    for (const name of ['Noisy image', 'Patient', 'Digit']) await page.getByRole('tab', { name }).click();
    const sets = () => page.evaluate(inDatabase, ['list'] as const);
    await expect.poll(sets, { timeout: 30_000 }).not.toContain('old');
    expect(await page.evaluate(inDatabase, ['list'] as const)).toHaveLength(3);
    await page.getByRole('button', { name: 'A 3 of the samples' }).first().click();
    expect(await answers('digit-answer')).toEqual(['3', '3']);
    expect(faults).toEqual([]);
  });

  test('responses say what a browser may do with them', async () => {
    const headersAt = async (path: string): Promise<Headers> => (await fetch(url + path)).headers;
    const root = await headersAt('');
    expect(root.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; /);
    expect(root.get('content-security-policy')).not.toMatch(/unsafe|data:|blob:/);
    for (const path of ['', 'worker.js', 'session.js', 'demo/demo.json', 'icon.svg']) {
      const headers = await headersAt(path);
      expect(headers.get('content-security-policy')).toMatch(/frame-ancestors 'none'/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    }
    const again = await fetch(url, { headers: { 'if-none-match': root.get('etag') ?? '' } });
    expect(again.status).toBe(304);
  });
});

/** In the page: names of the sets of keys; with `put`, one more, under which the first model was asked. */
async function inDatabase([what, name = '']: readonly ['list'] | readonly ['put', string]): Promise<string[]> {
  const done = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error('no database'));
    });
  const database = await done(indexedDB.open('hepc-demo'));
  const change = database.transaction(['keys', 'used'], 'readwrite');
  const [keys, used] = [change.objectStore('keys'), change.objectStore('used')];
  if (what === 'put') {
    const [model = ''] = (await done(used.getAllKeys())) as string[];
    await done(keys.put({ secretKey: new Uint8Array(1), evaluationKeys: new Blob(), digest: '' }, name));
    await done(used.put(name, model));
  }
  const names = (await done(keys.getAllKeys())) as string[];
  database.close();
  return names;
}
