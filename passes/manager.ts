/**
 * Runs passes one after another: refuses a module that lacks a fact which the pass requires, validates options, times
 * the run, verifies the result and the facts that it ensures, names the pass where they do not hold, and shows every module before and after to whoever asked (`--dump-ir`, `--timings`).
 */
import type { z } from 'zod';

import { type Diagnostic, HepcError, InternalError, throwIfErrors } from '../ir/diagnostics/diagnostic.ts';
import { unmetRequirement } from '../ir/diagnostics/verify.ts';
import type { Level, Modules } from '../ir/levels.ts';
import { verify } from '../ir/verify.ts';
import { type Fact, facts } from './base/facts.ts';
import type { AnyPass, Pass, PassContext, PassResult, TrainingPass } from './base/pass.ts';
import type { Sample } from '../ir/interface.ts';

export interface PassRun {
  readonly pass: string;
  readonly milliseconds: number;
  readonly statistics: Readonly<Record<string, number>>;
}

/** What the user can mend: errors that a pass reported, and the warnings before them. */
export interface RefusedModule {
  readonly refused: readonly Diagnostic[];
}

export interface PassObserver {
  before?(pass: string, module: Modules[Level]): void;
  after?(pass: string, module: Modules[Level]): void;
}

/** What passes may use beside samples. */
type Beside = Omit<PassContext, 'samples' | 'report'>;

export class PassManager {
  readonly runs: PassRun[] = [];
  readonly warnings: Diagnostic[] = [];
  private readonly samples: readonly Sample[];
  private readonly observer: PassObserver;
  private readonly beside: Beside;

  constructor(samples: readonly Sample[], observer: PassObserver = {}, beside: Beside = {}) {
    this.samples = samples;
    this.observer = observer;
    this.beside = beside;
  }

  /** Runs `pass`. Throws `HepcError` for what the user can mend, `InternalError` for a module that is broken. */
  run<L extends Level, Schema extends z.ZodType>(
    pass: Pass<L, Schema>,
    module: Modules[L],
    options: z.input<Schema>,
  ): Modules[L] {
    const outcome = this.attempt(pass, module, options);
    if ('refused' in outcome) throw new HepcError(outcome.refused);
    return outcome;
  }

  /** As `run`, with the errors that the pass reports as a value. */
  attempt<L extends Level, Schema extends z.ZodType>(
    pass: Pass<L, Schema>,
    module: Modules[L],
    options: z.input<Schema>,
  ): Modules[L] | RefusedModule {
    const { start, context, reported } = this.begin(pass, module);
    const result = pass.run(module, pass.options.parse(options), context);
    if (reported.some(({ severity }) => severity === 'error')) return { refused: reported };
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

  /** Throws `HepcError` H260 for a module that the pass does not take. */
  private begin({ name, requires }: Pick<AnyPass, 'name' | 'requires'>, module: Modules[Level]) {
    throwIfErrors(requires.flatMap((fact) => unmet(name, fact, module)));
    this.observer.before?.(name, module);
    const reported: Diagnostic[] = [];
    const context: PassContext = {
      samples: this.samples,
      ...this.beside,
      report: (diagnostic) => reported.push(diagnostic),
    };
    return { start: performance.now(), context, reported };
  }

  private finish<L extends Level>(
    { name, ensures }: Pick<AnyPass, 'name' | 'ensures'>,
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
    for (const fact of ensures) {
      const breach = facts[fact].breach(module);
      if (breach !== undefined) throw new InternalError(`${name} does not ensure ${fact}: ${breach.reason}`);
    }
    this.observer.after?.(name, module);
    return module;
  }
}

function unmet(pass: string, fact: Fact, module: Modules[Level]): Diagnostic[] {
  const { doc, remedy, breach } = facts[fact];
  const found = breach(module);
  return found === undefined ? [] : [unmetRequirement({ pass, fact, doc, remedy, reason: found.reason }, found.at)];
}
