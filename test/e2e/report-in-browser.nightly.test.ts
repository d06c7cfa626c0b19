/** Reports in Chromium: nothing is cut off, on a screen and on phones, light and dark. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderReport } from '../../cli/report/page.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { activatedPlan, compiledPlan, madeUpReport, madeUpTrace } from '../unit/cli/report/pruned-plan.ts';

const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const isThere = existsSync(executablePath);
const place = isThere ? 'Chromium' : `Chromium, skipped because there is none at ${executablePath} (CHROMIUM_PATH)`;

/** What of the page is wider than the screen, or than what it stands in. Runs in the page. */
const findOverflow = `(() => {
  for (const details of document.querySelectorAll('details')) details.open = true;
  const width = document.documentElement.clientWidth;
  const name = (element) => element.tagName + '.' + element.getAttribute('class') + ' ' + element.textContent.trim().slice(0, 30);
  const found = document.documentElement.scrollWidth > width ? ['the page itself'] : [];
  for (const element of document.querySelectorAll('body *')) {
    const { left, right, width: own } = element.getBoundingClientRect();
    if (own > 0 && (right > width + 0.5 || left < -0.5)) found.push(name(element));
  }
  for (const element of document.querySelectorAll('svg.chart'))
    for (const text of element.querySelectorAll('text')) {
      const [box, frame] = [text.getBoundingClientRect(), element.getBoundingClientRect()];
      if (frame.width > 0 && box.width > 0 && (box.right > frame.right + 0.5 || box.left < frame.left - 0.5)) found.push('text ' + name(text));
    }
  return found;
})()`;

const plans: readonly (readonly [name: string, plan: () => Plan])[] = [
  ['dense layers', () => ({ ...compiledPlan(), pruning: madeUpReport() })],
  ['activations', activatedPlan],
];

describe.skipIf(!isThere)(`in ${place}`, { timeout: 120_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  });
  afterAll(() => browser.close());

  describe.each(plans)('%s', (_, plan) => {
    let page = '';
    beforeAll(async () => {
      const own = plan();
      const compare = {
        name: 'own.hep',
        other: { name: 'another-plan-with-a-long-name.hep', plan: compiledPlan('encrypted') },
      };
      page = await renderReport(own, { madeBy: 'hepc test', compare, trace: madeUpTrace(own) });
    });

    const screens = [
      { width: 390, colorScheme: 'dark' },
      { width: 1280, colorScheme: 'light' },
      { width: 390, colorScheme: 'light' },
    ] as const;
    test.each(screens)('at $width pixels, $colorScheme', async ({ width, colorScheme }) => {
      const tab = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
      const problems: string[] = [];
      tab.on('console', (message) => problems.push(message.text()));
      await tab.setContent(page);
      expect(await tab.evaluate<string[]>(findOverflow)).toEqual([]);
      const [own, other] = width < 640 ? ['.on-narrow', '.on-wide'] : ['.on-wide', '.on-narrow'];
      expect(await tab.locator(`${own}:visible`).count()).toBeGreaterThan(0);
      expect(await tab.locator(`${other}:visible`).count()).toBe(0);
      // Such as styles that the policy of the page refuses.
      expect(problems).toEqual([]);
      await tab.close();
    });
  });
});
