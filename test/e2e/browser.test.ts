/** The library in a browser: client and server in one page, with threads where it is cross-origin isolated, and without. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Plan } from '../../ir/plan/plan.ts';
import { planStatistics } from '../../costs/plan-statistics.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import type { ServerOptions } from '../../runtime/server.ts';
import type { PageResult, PageTask } from '../support/browser/page.ts';
import { buildSite, serveSite } from '../support/browser/site.ts';
import { difference, inTheClear, randomSample } from '../support/serve-plans.ts';
import { deepParameters, ProgramWriter } from '../unit/runtime/engines/seal-wasm/programs.ts';

const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const isThere = existsSync(executablePath);
const place = isThere ? 'Chromium' : `Chromium, skipped because there is none at ${executablePath} (CHROMIUM_PATH)`;

/** Some hundred milliseconds of work, so that there is something to abort. */
function longPlan(): Plan {
  const writer = new ProgramWriter(deepParameters, 2 ** 36);
  const [x, y] = [writer.input(), writer.input()];
  let rotated = x;
  for (let k = 0; k < 300; k++) rotated = writer.rotate(rotated, 1);
  const product = writer.rescale(writer.relinearize(writer.multiply(rotated, y)));
  writer.output(writer.rescale(writer.multiplyPlain(product, writer.plaintext([0.5, -1]))));
  const plan = writer.plan();
  const given = { weightTilesPruned: 0, predictedMaxError: plan.client.predictedMaxError };
  return { ...plan, statistics: planStatistics(plan.program, plan.engine, given) };
}

describe.skipIf(!isThere)(`in ${place}`, { timeout: 120_000 }, () => {
  const plan = longPlan();
  const sample = randomSample(plan, 5);
  let folder = '';
  let site = '';
  let browser: Browser;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hepc-browser-'));
    site = await buildSite(folder, writeHep(plan));
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  /** What the page gives, in a context of its own; throws what it throws, and for files that are not there. */
  async function runPage(isIsolated: boolean, options: ServerOptions): Promise<PageResult | readonly string[]> {
    const served = await serveSite(site, isIsolated);
    const page = await browser.newPage();
    try {
      await page.goto(served.url);
      const task: PageTask = {
        options,
        sample: Object.fromEntries(Array.from(sample, ([name, values]) => [name, [...values]])),
      };
      const result = await page.evaluate<PageResult | readonly string[]>(`evaluateInPage(${JSON.stringify(task)})`);
      expect(served.missing).toEqual([]);
      return result;
    } finally {
      await page.close();
      served.close();
    }
  }

  async function expectAnswers(isIsolated: boolean, options: ServerOptions, expected: Partial<PageResult>) {
    const result = await runPage(isIsolated, options);
    expect(result).toMatchObject({ isIsolated, aborted: 'enough', ...expected });
    if (!('outputs' in result)) return;
    expect(result.abortedAt).toBeLessThan(1);
    const outputs = new Map(Object.entries(result.outputs).map(([name, own]) => [name, Float64Array.from(own)]));
    expect(difference(plan, outputs, await inTheClear(plan, sample))).toBeLessThan(1e-3);
  }

  test('two threads share memory in a page that is isolated', async () => {
    await expectAnswers(true, { threads: 2 }, { engine: 'simd', remarks: [] });
  });

  test('one thread runs in any other page, and says so if more were asked for', async () => {
    await expectAnswers(false, { threads: 2 }, { engine: 'simd', remarks: ['H637'] });
    await expectAnswers(false, { threads: 1 }, { engine: 'simd', remarks: [] });
  });

  test('seal-wasm runs in a page that is isolated, and says why in no other', async () => {
    await expectAnswers(true, { engine: 'seal-wasm', threads: 2 }, { engine: 'seal-wasm', remarks: [] });
    expect(await runPage(false, { engine: 'seal-wasm' })).toEqual(['H638']);
  });
});
