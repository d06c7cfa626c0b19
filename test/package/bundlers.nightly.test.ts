/** A page of each bundler in Chromium: a client in a worker, and client and server in the page. */
import { rmSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeHep } from '../../runtime/hep/write.ts';
import { inPage, isThere, launchChromium, place } from '../support/browser/chromium.ts';
import type { PageResult, PageTask, WorkerPageResult } from '../support/browser/page.ts';
import { buildSite } from '../support/browser/site.ts';
import { bundlers } from '../support/package/bundlers.ts';
import { type Installation, installPackage } from '../support/package/install.ts';
import { difference, inTheClear, mixedPlan, randomSample, withStatistics } from '../support/serve-plans.ts';

describe.skipIf(!isThere)(`in ${place}`, () => {
  const plan = withStatistics(mixedPlan());
  const sample = randomSample(plan, 5);
  const listed = Object.fromEntries(Array.from(sample, ([name, values]) => [name, [...values]]));
  let installed: Installation;
  let browser: Browser;

  beforeAll(async () => {
    installed = await installPackage();
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    rmSync(installed.folder, { recursive: true });
  });

  test.each(Object.entries(bundlers))('what %s has bundled runs', async (_, bundle) => {
    const site = await buildSite(installed, bundle, writeHep(plan));
    const task: PageTask = { options: { threads: 2 }, sample: listed };
    const both = await inPage(browser, site, { isIsolated: true }, (page) =>
      page.evaluate<PageResult>(`evaluateInPage(${JSON.stringify(task)})`),
    );
    const worker = await inPage(browser, site, {}, (page) =>
      page.evaluate<WorkerPageResult>(`useWorkerClient(${JSON.stringify(listed)})`),
    );
    for (const { result, missing } of [both, worker]) {
      expect(missing).toEqual([]);
      const outputs = new Map(Object.entries(result.outputs).map(([name, own]) => [name, Float64Array.from(own)]));
      expect(difference(plan, outputs, await inTheClear(plan, sample))).toBeLessThan(1e-3);
    }
    expect(both.result.engine).toBe('simd');
    expect(worker.result.longestTask).toBeLessThan(50);
  });
});
