/** A service in this process, on a free port of loopback, with a store in a folder of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import { defaultSettings, type ServiceSettings } from '../../service/base/settings.ts';
import { Tokens } from '../../service/http/base/tenants.ts';
import { Service } from '../../service/serve.ts';
import { openLocalBackend } from '../../service/stores/local/open.ts';
import { smallPlan } from '../fuzz/targets/small-plan.ts';

export interface TestServiceOptions {
  /** Where a store is already. */
  readonly folder?: string;
  readonly plans?: readonly string[];
  readonly settings?: Partial<ServiceSettings>;
  readonly onWarning?: (warning: Diagnostic) => void;
  /** Content of a file of tokens. */
  readonly tokens?: string;
}

export interface TestService {
  readonly service: Service;
  readonly url: string;
  readonly folder: string;
  /** Lines of the log. */
  readonly log: string[];
  /** What the test may do itself, to start again in the same folder. */
  stop(): Promise<void>;
}

type AtEnd = (end: () => void | Promise<void>) => void;

/** A folder with `small.hep`, which is gone after the test. */
export function planFolder(atEnd: AtEnd = onTestFinished): { readonly folder: string; readonly plan: string } {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-service-'));
  atEnd(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const plan = join(folder, 'small.hep');
  writeFileSync(plan, writeHep(smallPlan()));
  return { folder, plan };
}

/** Ends with the test, or with the file where `atEnd` is `afterAll`. */
export async function startTestService(
  options: TestServiceOptions = {},
  atEnd: AtEnd = onTestFinished,
): Promise<TestService> {
  const made = options.folder === undefined || options.plans === undefined ? planFolder(atEnd) : undefined;
  const folder = options.folder ?? join(made?.folder ?? '', 'store');
  const plans = options.plans ?? [made?.plan ?? ''];
  const log: string[] = [];
  const backend = await openLocalBackend(folder);
  const service = await Service.start({
    ...{ backend, plans, works: true, name: 'test', version: '0.0.0', maxConnections: 100 },
    settings: { ...defaultSettings, threads: 1, ...options.settings },
    address: { host: '127.0.0.1', port: 0 },
    log: { level: 'info', to: { write: (line) => log.push(line) } },
    renderReport: () => Promise.resolve('<!doctype html><title>report</title>'),
    ...(options.onWarning && { onWarning: options.onWarning }),
    ...(options.tokens !== undefined && { tokens: new Tokens(options.tokens, 'tokens') }),
  });
  let stopped = false;
  const stop = async (): Promise<void> => {
    if (stopped) return;
    stopped = true;
    await service.stop(5);
    await backend.close();
  };
  atEnd(stop);
  return { service, url: service.url, folder, log, stop };
}
