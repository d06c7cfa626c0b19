/**
 * The library in a browser: client and server in one page, with threads where it is cross-origin isolated, and without.
 * Answers of seal-wasm and of files come at night.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Plan } from '../../ir/plan/plan.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import type { ServerOptions } from '../../runtime/server.ts';
import { inPage, isThere, launchChromium, place } from '../support/browser/chromium.ts';
import type { PageResult, PageTask, WorkerPageResult } from '../support/browser/page.ts';
import { buildSite, type Serving, workerFile } from '../support/browser/site.ts';
import { bundlers } from '../support/package/bundlers.ts';
import { type Installation, installPackage } from '../support/package/install.ts';
import { repository } from '../support/package/manifest.ts';
import { difference, inTheClear, randomSample, withStatistics } from '../support/serve-plans.ts';
import { isNightly } from '../support/setup/suite.ts';
import { stagedError, stagedPlan } from '../support/staged-plan.ts';
import { ProgramWriter, smallParameters } from '../unit/runtime/engines/seal-wasm/programs.ts';

/** Some hundred milliseconds of work, so that there is something to abort. */
function longPlan(): Plan {
  const writer = new ProgramWriter(smallParameters, 2 ** 30);
  const [x, y] = [writer.input(), writer.input()];
  let rotated = x;
  for (let k = 0; k < 1000; k++) rotated = writer.rotate(rotated, 1);
  writer.output(writer.rescale(writer.relinearize(writer.multiply(rotated, y))));
  return withStatistics(writer.plan());
}

/** The content security policies in the guide, in its order. */
const [guidesDefault, guidesPage, guidesWorker] = Array.from(
  readFileSync(join(repository, 'docs/guide/browser.md'), 'utf8').matchAll(/^Content-Security-Policy: (.+)$/gm),
  ([, policy]) => policy,
);

/** Makes workers of texts such as those of a browser that does not know all instructions of the kernels, and SEAL's. */
const unfitWorkers = `
  const { Blob: Whole } = globalThis;
  const before = "{ const { compile } = WebAssembly; const refused = () => Promise.reject(new WebAssembly.CompileError('opcode'));" +
    "WebAssembly.compile = (bytes) => (bytes.byteLength < 200000 ? refused() : compile(bytes)); }";
  globalThis.Blob = class extends Whole {
    constructor(parts, options) {
      const isScript = options?.type === 'text/javascript';
      super(isScript ? [before, ...parts] : parts, options);
      globalThis.scripts = (globalThis.scripts ?? 0) + (isScript ? 1 : 0);
    }
  };`;

describe.skipIf(!isThere)(`in ${place}`, { timeout: 120_000 }, () => {
  const plan = longPlan();
  const sample = randomSample(plan, 5);
  const listed = Object.fromEntries(Array.from(sample, ([name, values]) => [name, [...values]]));
  let installed: Installation;
  let site = '';
  let browser: Browser;

  beforeAll(async () => {
    installed = await installPackage();
    site = await buildSite(installed, bundlers.esbuild, writeHep(plan));
    browser = await launchChromium();
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    rmSync(installed.folder, { recursive: true });
  });

  /** What the page gives, in a context of its own; throws what it throws, and for files that are not there. */
  async function runPage(isIsolated: boolean, options: ServerOptions): Promise<PageResult | readonly string[]> {
    const task: PageTask = { options, sample: listed };
    const { result, missing } = await inPage(browser, site, { isIsolated, policy: guidesDefault }, (page) =>
      page.evaluate<PageResult | readonly string[]>(`evaluateInPage(${JSON.stringify(task)})`),
    );
    expect(missing).toEqual([]);
    return result;
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
    if (isNightly) await expectAnswers(false, { threads: 1 }, { engine: 'simd', remarks: [] });
  });

  test('seal-wasm runs in a page that is isolated, and says why in no other', async () => {
    const answered = { engine: 'seal-wasm', remarks: [] };
    if (isNightly) await expectAnswers(true, { engine: 'seal-wasm', threads: 2 }, answered);
    expect(await runPage(false, { engine: 'seal-wasm' })).toEqual(['H638']);
  });

  test('a client in a worker leaves the thread of the page free, makes progress and can be aborted', async () => {
    const { result, missing } = await inPage(browser, site, { policy: guidesDefault }, (page) =>
      page.evaluate<WorkerPageResult>(`useWorkerClient(${JSON.stringify(listed)})`),
    );
    expect(missing).toEqual([]);
    expect(result.aborted).toBe('enough');
    expect(result.progress).toBeGreaterThan(1);
    expect(result.keyBytes).toBeGreaterThan(1e5);
    const outputs = new Map(Object.entries(result.outputs).map(([name, own]) => [name, Float64Array.from(own)]));
    expect(difference(plan, outputs, await inTheClear(plan, sample))).toBeLessThan(1e-3);
    // Of a second and more; tasks of less than 50 ms are not told of. The machine may be busy with other tests.
    expect(result.longestTask).toBeLessThan(Math.max(50, result.time / 10));
  });

  test('where kernels cannot be compiled, a worker with SEAL takes over', async () => {
    let scripts = 0;
    const { result } = await inPage(browser, site, { policy: guidesDefault }, async (page) => {
      const used = await page.evaluate<WorkerPageResult>(`${unfitWorkers} useWorkerClient(${JSON.stringify(listed)})`);
      scripts = await page.evaluate<number>('globalThis.scripts');
      return used;
    });
    // One that was given up, one with SEAL, and that of the server.
    expect(scripts).toBe(3);
    const outputs = new Map(Object.entries(result.outputs).map(([name, own]) => [name, Float64Array.from(own)]));
    expect(difference(plan, outputs, await inTheClear(plan, sample))).toBeLessThan(1e-3);
  });

  test('a client in a worker refreshes', async () => {
    const staged = stagedPlan();
    const given = randomSample(staged, 6);
    const own = Object.fromEntries(Array.from(given, ([name, values]) => [name, [...values]]));
    writeFileSync(join(site, 'staged.hep'), writeHep(staged));
    const { result } = await inPage(browser, site, { policy: guidesDefault }, (page) =>
      page.evaluate<Pick<PageResult, 'outputs'> & { refreshes: number }>(`refreshInWorker(${JSON.stringify(own)})`),
    );
    expect(result.refreshes).toBe(2);
    const outputs = new Map(Object.entries(result.outputs).map(([name, values]) => [name, Float64Array.from(values)]));
    expect(difference(staged, outputs, await inTheClear(staged, given))).toBeLessThan(stagedError);
  });

  if (isNightly)
    test('files go through a worker of the library piece by piece', async () => {
      const { result } = await inPage(browser, site, { policy: guidesDefault }, (page) =>
        page.evaluate<PageResult['outputs']>(`streamThroughWorker(${JSON.stringify(listed)})`),
      );
      const outputs = new Map(Object.entries(result).map(([name, own]) => [name, Float64Array.from(own)]));
      expect(difference(plan, outputs, await inTheClear(plan, sample))).toBeLessThan(1e-3);
    });

  /** Codes of the diagnostics with which a client of the worker at `worker` ends. */
  async function starting(serving: Serving, worker?: string): Promise<readonly string[]> {
    const { result, missing } = await inPage(browser, site, serving, (page) =>
      page.evaluate<readonly string[]>(`startWorkerClient(${JSON.stringify(worker)})`),
    );
    expect(missing).toEqual(worker === workerFile || worker === undefined ? [] : [`/${worker}`]);
    return result;
  }

  test('a page that forbids blob: and WebAssembly has a client in a worker that it serves', async () => {
    expect(guidesPage).not.toMatch(/blob:|wasm|unsafe/);
    const strict = { policy: guidesPage, workerPolicy: guidesWorker };
    expect(await starting(strict, workerFile)).toEqual([]);
    expect(await starting(strict)).toEqual(['H646']);
    expect(await starting(strict, 'nothing.js')).toEqual(['H646']);
  });

  test('a policy without WebAssembly is told from a browser without it', async () => {
    expect(await starting({ policy: guidesDefault?.replace(" 'wasm-unsafe-eval'", '') })).toEqual(['H647']);
    expect(await starting({ policy: guidesPage, workerPolicy: guidesPage }, workerFile)).toEqual(['H647']);
  });
});
