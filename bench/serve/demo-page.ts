/**
 * The demo page as somebody sees it who comes for the first time: from the end of the drawing to the answer, with no keys
 * yet, and again with a second drawing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { openDemo } from '../../cli/actions/serving/demo/demo.ts';
import { createProgress } from '../../cli/shell/progress.ts';
import { buildPage } from '../../scripts/package/page.ts';
import { defaultSettings } from '../../service/base/settings.ts';
import { Service } from '../../service/serve.ts';
import { openLocalBackend } from '../../service/stores/local/open.ts';
import { launchChromium } from '../../test/support/browser/chromium.ts';

export interface PageFigures {
  /** Milliseconds, one for each visit. */
  readonly first: readonly number[];
  readonly next: readonly number[];
  /** Of the next answer the evaluation, as the service tells the page. */
  readonly evaluation: readonly number[];
  /** The longest task of the page's thread, 0 where none took 50 ms. */
  readonly longestTask: readonly number[];
}

/** @param visits each with a browser profile of its own, and so without keys */
export async function measureDemoPage(visits: number, threads: number): Promise<PageFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-bench-page-'));
  const page = join(folder, 'page');
  await buildPage(page);
  const store = join(folder, 'store');
  const backend = await openLocalBackend(store);
  const { plans, site } = await openDemo({ store, page }, createProgress(true));
  const service = await Service.start({
    ...{ backend, plans, site, works: true, name: 'bench', version: '0.0.0', maxConnections: 100 },
    settings: { ...defaultSettings, threads },
    address: { host: '127.0.0.1', port: 0 },
    log: { level: 'silent', to: { write: () => undefined } },
  });
  const browser = await launchChromium();
  try {
    const visited = [];
    for (let k = 0; k < visits; k++) visited.push(await visit(browser, `${service.url}/`));
    return {
      first: visited.map(({ first }) => first),
      next: visited.map(({ next }) => next),
      evaluation: visited.map(({ evaluation }) => evaluation),
      longestTask: visited.map(({ longestTask }) => longestTask),
    };
  } finally {
    await browser.close();
    await service.stop(5);
    await backend.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function visit(browser: Browser, url: string) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.addInitScript(() => {
      const tasks: number[] = [];
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) tasks.push(duration);
      }).observe({ type: 'longtask' });
      Object.assign(globalThis, { tasks });
    });
    await page.goto(url);
    await page.waitForSelector('#scores tr');
    const first = await drawSeven(page);
    await page.locator('#field').focus();
    await page.keyboard.press('Delete');
    const next = await drawSeven(page);
    const row = await page.locator('#times tr', { hasText: 'Evaluate on the server' }).innerText();
    const [, digits, unit] = /([\d.]+)\s*(ms|s)$/.exec(row) ?? [];
    const evaluation = Number(digits ?? NaN) * (unit === 's' ? 1000 : 1);
    const longestTask = Math.max(0, ...(await page.evaluate<number[]>('tasks')));
    return { first, next, evaluation, longestTask };
  } finally {
    await context.close();
  }
}

/** Milliseconds from the end of the drawing to the answer. */
async function drawSeven(page: Page): Promise<number> {
  const box = await page.locator('#field').boundingBox();
  if (box === null) throw new Error('the field is not shown');
  const move = (x: number, y: number, steps = 1): Promise<void> =>
    page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps });
  await move(0.25, 0.2);
  await page.mouse.down();
  await move(0.75, 0.2, 6);
  await move(0.45, 0.85, 8);
  await page.mouse.up();
  const start = performance.now();
  await page.locator('#digit-answer[data-clear]').waitFor();
  return performance.now() - start;
}
