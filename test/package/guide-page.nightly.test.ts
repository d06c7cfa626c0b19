/** The page and the server of the guide's page about browsers, as they are printed there, on the package as it is published. */
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isThere, launchChromium, place } from '../support/browser/chromium.ts';
import { codeIn } from '../support/guide.ts';
import { type Installation, installPackage, linkPackage } from '../support/package/install.ts';
import { runNode } from '../support/package/run-node.ts';

const guide = 'docs/guide/browser.md';
const [page = '', server = ''] = codeIn(guide, 'js');
const lines = codeIn(guide, 'sh').flatMap((block) => block.trim().split('\n'));

describe.skipIf(!isThere)(`in ${place}`, () => {
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

  const run = (...args: readonly string[]) => runNode(process.execPath, args, installed.folder);

  test('the page of the guide decrypts what its server has computed', async () => {
    const { folder } = installed;
    writeFileSync(join(folder, 'page.mjs'), page);
    writeFileSync(join(folder, 'server.mjs'), server);
    linkPackage('esbuild', folder);
    const programs: Readonly<Record<string, string>> = {
      hepc: 'node_modules/hepc/dist/bin/hepc.cjs',
      esbuild: 'node_modules/esbuild/bin/esbuild',
    };
    const commands = lines.filter((line) => line.startsWith('npx '));
    expect(commands).toHaveLength(3);
    for (const command of commands) {
      const [, name = '', ...args] = command.split(' ');
      expect(await run(programs[name] ?? name, ...args)).toMatchObject({ exitCode: 0 });
    }
    expect(lines.at(-1)).toBe('node server.mjs');
    const served = spawn(process.execPath, ['server.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const url = await new Promise<string>((resolve) => {
        served.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
      });
      const tab = await browser.newPage();
      await tab.goto(url);
      await tab.waitForFunction(`document.body.textContent.startsWith('It is')`, undefined, { timeout: 150_000 });
      expect(await tab.textContent('body')).toBe('It is a 7.');
    } finally {
      served.kill();
    }
  });
});
