import type { RemoteStep } from '../../../runtime/remote/remote-model.ts';
import type { ModelStatus } from '../session/protocol.ts';

/** How long each step takes: from the first sign of it to the last. */
export class StepTimes {
  readonly times: Partial<Record<RemoteStep, number>> = {};
  private readonly report: (status: ModelStatus) => void;
  private current: RemoteStep | undefined;
  private began = performance.now();

  constructor(report: (status: ModelStatus) => void) {
    this.report = report;
  }

  readonly onProgress = (step: RemoteStep, fraction: number): void => {
    const now = performance.now();
    // Between the last sign of a step and the first of the next one lies what the next one begins with.
    if (step !== this.current) this.began = this.current === undefined ? this.began : now;
    this.current = step;
    this.times[step] = now - this.began;
    this.report({ step, fraction });
  };
}
