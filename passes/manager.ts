/**
 * Runs passes one after another: validates options, times the run, verifies the result and names the pass where the
 * verifier complains, and shows every module before and after to whoever asked (`--dump-ir`, `--timings`).
 */
import type { z } from 'zod';

import { type Diagnostic, InternalError, throwIfErrors } from '../ir/diagnostics/diagnostic.ts';
import type { Level, Modules } from '../ir/levels.ts';
import { verify } from '../ir/verify.ts';
import type { Pass, PassContext, PassResult, Sample } from './pass.ts';

export interface PassRun {
  readonly pass: string;
  readonly milliseconds: number;
  readonly statistics: Readonly<Record<string, number>>;
}

export interface PassObserver {
  before?(pass: string, module: Modules[Level]): void;
  after?(pass: string, module: Modules[Level]): void;
}

export class PassManager {
  readonly runs: PassRun[] = [];
  readonly warnings: Diagnostic[] = [];
  private readonly samples: readonly Sample[];
  private readonly observer: PassObserver;

  constructor(samples: readonly Sample[], observer: PassObserver = {}) {
    this.samples = samples;
    this.observer = observer;
  }

  /** Runs `pass`. Throws `HepcError` for what the user can mend, `InternalError` for a module that is broken. */
  run<L extends Level, Schema extends z.ZodType>(
    pass: Pass<L, Schema>,
    module: Modules[L],
    options: z.input<Schema>,
  ): Modules[L] {
    this.observer.before?.(pass.name, module);
    const start = performance.now();
    const reported: Diagnostic[] = [];
    const context: PassContext = { samples: this.samples, report: (diagnostic) => reported.push(diagnostic) };
    const result: PassResult<Modules[L]> = pass.run(module, pass.options.parse(options), context);
    this.warnings.push(...throwIfErrors(reported));
    this.runs.push({ pass: pass.name, milliseconds: performance.now() - start, statistics: result.statistics });
    const broken = verify(result.module);
    if (broken.length > 0) {
      throw new InternalError(`${pass.name} left a broken module:\n${broken.map((d) => d.message).join('\n')}`);
    }
    this.observer.after?.(pass.name, result.module);
    return result.module;
  }
}
