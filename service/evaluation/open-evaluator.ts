/** Starts what evaluates for this process. */
import type { ServiceSettings } from '../base/settings.ts';
import type { Evaluator } from './evaluator.ts';
import { ProcessEvaluator } from './process-evaluator.ts';

/** To be closed. The process is started by the first request. */
export function openEvaluator(settings: Pick<ServiceSettings, 'memoryBytes' | 'threads'>): Evaluator {
  return new ProcessEvaluator(settings);
}
