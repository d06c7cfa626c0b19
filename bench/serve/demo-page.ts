/**
 * The demo page as somebody sees it who comes for the first time: from the end of the drawing to the answer, with no keys
 * yet, and again with a second drawing.
 */
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../../test/support/browser/chromium.ts';
import { drawSeven, longestTask, openDemoPage, startDemo } from '../../test/support/browser/demo.ts';

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
  const demo = await startDemo(threads);
  const browser = await launchChromium();
  try {
    const visited = [];
    for (let k = 0; k < visits; k++) visited.push(await visit(browser, demo.url));
    return {
      first: visited.map(({ first }) => first),
      next: visited.map(({ next }) => next),
      evaluation: visited.map(({ evaluation }) => evaluation),
      longestTask: visited.map(({ longestTask }) => longestTask),
    };
  } finally {
    await browser.close();
    await demo.close();
  }
}

async function visit(browser: Browser, url: string) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await openDemoPage(page, url);
    const first = await answerToSeven(page);
    await page.locator('#field').focus();
    await page.keyboard.press('Delete');
    const next = await answerToSeven(page);
    const row = await page.locator('#times tr', { hasText: 'Evaluate on the server' }).innerText();
    const [, digits, unit] = /([\d.]+)\s*(ms|s)$/.exec(row) ?? [];
    const evaluation = Number(digits ?? NaN) * (unit === 's' ? 1000 : 1);
    return { first, next, evaluation, longestTask: await longestTask(page) };
  } finally {
    await context.close();
  }
}

/** Milliseconds from the end of the drawing to the answer. */
async function answerToSeven(page: Page): Promise<number> {
  await drawSeven(page);
  const start = performance.now();
  await page.locator('#digit-answer[data-clear]').waitFor();
  return performance.now() - start;
}
