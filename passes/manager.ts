/**
 * Runs passes one after another: validates options, times the run, verifies the result and names the pass where the
 * verifier complains, and shows every module before and after to whoever asked (`--dump-ir`, `--timings`).
 */
import type { z } from 'zod';

import { type Diagnostic, InternalError, throwIfErrors } from '../ir/diagnostics/diagnostic.ts';
import type { Level, Modules } from '../ir/levels.ts';
import { verify } from '../ir/verify.ts';
import type { AnyPass, Pass, PassContext, PassResult, TrainingPass } from './base/pass.ts';
import type { Sample } from '../ir/interface.ts';

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
  private readonly training: Pick<PassContext, 'labels' | 'trainer' | 'reference'>;

  constructor(
    samples: readonly Sample[],
    observer: PassObserver = {},
    training: Pick<PassContext, 'labels' | 'trainer' | 'reference'> = {},
  ) {
    this.samples = samples;
    this.observer = observer;
    this.training = training;
  }

  /** Runs `pass`. Throws `HepcError` for what the user can mend, `InternalError` for a module that is broken. */
  run<L extends Level, Schema extends z.ZodType>(
    pass: Pass<L, Schema>,
    module: Modules[L],
    options: z.input<Schema>,
  ): Modules[L] {
    const { start, context, reported } = this.begin(pass, module);
    const result = pass.run(module, pass.options.parse(options), context);
    return this.finish(pass, start, result, reported);
  }

  /** Runs a pass that trains, with the same errors. */
  async train<Schema extends z.ZodType>(
    pass: TrainingPass<Schema>,
    module: Modules['tensor'],
    options: z.input<Schema>,
  ): Promise<Modules['tensor']> {
    const { start, context, reported } = this.begin(pass, module);
    const result = await pass.train(module, pass.options.parse(options), context);
    return this.finish<'tensor'>(pass, start, result, reported);
  }

  private begin(pass: Pick<AnyPass, 'name'>, module: Modules[Level]) {
    this.observer.before?.(pass.name, module);
    const reported: Diagnostic[] = [];
    const context: PassContext = {
      samples: this.samples,
      ...this.training,
      report: (diagnostic) => reported.push(diagnostic),
    };
    return { start: performance.now(), context, reported };
  }

  private finish<L extends Level>(
    { name }: Pick<AnyPass, 'name'>,
    start: number,
    { module, statistics }: PassResult<Modules[L]>,
    reported: readonly Diagnostic[],
  ): Modules[L] {
    this.warnings.push(...throwIfErrors(reported));
    this.runs.push({ pass: name, milliseconds: performance.now() - start, statistics });
    const broken = verify(module);
    if (broken.length > 0) {
      throw new InternalError(`${name} left a broken module:\n${broken.map((d) => d.message).join('\n')}`);
    }
    this.observer.after?.(name, module);
    return module;
  }
}
