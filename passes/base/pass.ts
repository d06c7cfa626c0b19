/**
 * What a pass is. A pass is declared once, in a file of its own name: its documentation, options, facts and
 * statistics are data, from which `hepc passes`, `hepc opt` and the pass reference derive.
 */
import type { z } from 'zod';

import type { ClientModule } from '../../ir/client/ops.ts';
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import type { Level, Modules } from '../../ir/levels.ts';
import type { Sample } from '../../ir/interface.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import type { Trainer } from '../../ir/tensor/trainer.ts';
import type { Fact } from './facts.ts';
import type { InputLimits } from './input-limits.ts';

/** What a pass may use beside its module and options. */
export interface PassContext {
  readonly samples: readonly Sample[];
  /** The class of each sample, where the user gave any. */
  readonly labels?: Int32Array | undefined;
  /** For passes that train; absent where nothing can. */
  readonly trainer?: Trainer | undefined;
  /** What a pruned module was made from, of the same nodes in the same order; for passes that recover it. */
  readonly reference?: TensorModule | undefined;
  /** What the client computes of the outputs, where it does: what it decides by them are the labels of a model. */
  readonly post?: ClientModule | undefined;
  /** What elements of inputs have at most, where the client sees to that. */
  readonly limits?: InputLimits | undefined;
  /** Reports a problem; errors stop the pipeline after the pass. */
  readonly report: (diagnostic: Diagnostic) => void;
}

export interface PassResult<M> {
  readonly module: M;
  /** Values of the statistics that the declaration names. */
  readonly statistics: Readonly<Record<string, number>>;
}

/** What every pass declares, whether it trains or not. */
export interface PassDeclaration<L extends Level = Level, Schema extends z.ZodType = z.ZodType> {
  /** Also the name of its file and of its golden folder. */
  readonly name: string;
  readonly level: L;
  /** What the module computes afterwards differs from what it computed; without it a pass keeps all values. */
  readonly lossy?: true;
  /** One paragraph, with the pass's assumptions. */
  readonly doc: string;
  /** Options with their defaults. */
  readonly options: Schema;
  /** What must hold of the module; the manager refuses any other. */
  readonly requires: readonly Fact[];
  /** What holds of every result; the manager checks it. */
  readonly ensures: readonly Fact[];
  /** What each reported number counts. */
  readonly statistics: Readonly<Record<string, string>>;
}

export interface Pass<L extends Level = Level, Schema extends z.ZodType = z.ZodType> extends PassDeclaration<
  L,
  Schema
> {
  readonly run: (module: Modules[L], options: z.output<Schema>, context: PassContext) => PassResult<Modules[L]>;
}

/** A pass that takes gradient steps, which the trainer computes asynchronously. */
export interface TrainingPass<Schema extends z.ZodType = z.ZodType> extends PassDeclaration<'tensor', Schema> {
  readonly train: (
    module: Modules['tensor'],
    options: z.output<Schema>,
    context: PassContext,
  ) => Promise<PassResult<Modules['tensor']>>;
}

/** Keeps the types of level and options. */
export function definePass<L extends Level, Schema extends z.ZodType>(pass: Pass<L, Schema>): Pass<L, Schema> {
  return pass;
}

/** As `definePass`, for a pass that trains. */
export function defineTrainingPass<Schema extends z.ZodType>(pass: TrainingPass<Schema>): TrainingPass<Schema> {
  return pass;
}

/** A pass of any level, for lists of passes. */
export type AnyPass = { [L in Level]: Pass<L> }[Level] | TrainingPass;
