/** The demo as a service of this process, and its page as somebody uses it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { openDemo } from '../../../cli/actions/serving/demo/demo.ts';
import { createProgress } from '../../../cli/shell/progress.ts';
import { buildPage } from '../../../scripts/package/page.ts';
import { defaultSettings } from '../../../service/base/settings.ts';
import { Service } from '../../../service/serve.ts';
import { openLocalBackend } from '../../../service/stores/local/open.ts';

export interface Demo {
  /** Ends with a slash. */
  readonly url: string;
  close(): Promise<void>;
}

/** Builds the page and serves it, from a folder that goes with it. */
export async function startDemo(threads: number): Promise<Demo> {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-demo-'));
  const page = join(folder, 'page');
  await buildPage(page);
  const store = join(folder, 'store');
  const backend = await openLocalBackend(store);
  const { plans, site } = await openDemo({ store, page }, createProgress(true));
  const service = await Service.start({
    ...{ backend, plans, site, works: true, name: 'demo', version: '0.0.0', maxConnections: 100 },
    settings: { ...defaultSettings, threads },
    address: { host: '127.0.0.1', port: 0 },
    log: { level: 'silent', to: { write: () => undefined } },
  });
  return {
    url: `${service.url}/`,
    close: async () => {
      await service.stop(5);
      await backend.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Opens it in `page`, which notes its long tasks from the start. */
export async function openDemoPage(page: Page, url: string): Promise<void> {
  await page.addInitScript(() => {
    const tasks: number[] = [];
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(duration);
    }).observe({ type: 'longtask' });
    Object.assign(globalThis, { tasks });
  });
  await page.goto(url);
  await page.waitForSelector('#scores tr');
}

/** Milliseconds of the page's longest task so far, 0 where none took 50. */
export async function longestTask(page: Page): Promise<number> {
  return Math.max(0, ...(await page.evaluate<number[]>('tasks')));
}

/** Draws a 7 with the mouse. */
export async function drawSeven(page: Page): Promise<void> {
  const box = await page.locator('#field').boundingBox();
  if (box === null) throw new Error('the field is not shown');
  const move = (x: number, y: number, steps = 1): Promise<void> =>
    page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps });
  await move(0.25, 0.2);
  await page.mouse.down();
  await move(0.75, 0.2, 6);
  await move(0.45, 0.85, 8);
  await page.mouse.up();
}
