/** A worker of a fleet, from its parts. */
import type { ServiceSettings } from './base/settings.ts';
import { openEvaluator } from './evaluation/open-evaluator.ts';
import { type LogOptions, openLog } from './http/base/log.ts';
import { logWork } from './http/log-work.ts';
import { forgetDeletedKeys } from './keys-and-evaluator.ts';
import type { Backend } from './stores/backend.ts';
import { Worker } from './worker/worker.ts';

export interface RunWorkerOptions {
  /** Stays its owner's to close. */
  readonly backend: Backend;
  readonly settings: ServiceSettings;
  /** Of this worker among all. */
  readonly name: string;
  readonly log: LogOptions;
  /** When to stop. */
  readonly stopped: Promise<void>;
  /** How long what is under way may take then; others do it again after that. */
  readonly drainSeconds: number;
}

/** Resolves once what was under way is done, or has been given up. */
export async function runWorker(options: RunWorkerOptions): Promise<void> {
  const { backend, settings, name, stopped, drainSeconds } = options;
  const log = openLog(options.log);
  const evaluator = openEvaluator(settings);
  let unlisten: (() => void) | undefined;
  const stop = new AbortController();
  const late = new AbortController();
  let patience: NodeJS.Timeout | undefined;
  void stopped.then(() => {
    stop.abort();
    patience = setTimeout(() => {
      late.abort();
    }, 1000 * drainSeconds);
  });
  try {
    unlisten = await forgetDeletedKeys(backend, evaluator);
    const worker = new Worker(backend, evaluator, settings, { name, onEvent: logWork(log) });
    await worker.run(stop.signal, late.signal);
  } finally {
    clearTimeout(patience);
    unlisten?.();
    await evaluator.close();
  }
}
