/**
 * What a pass is. A pass is declared once, in a file of its own name: its documentation, options, facts and
 * statistics are data, from which `hepc passes`, `hepc opt` and the pass reference derive.
 */
import type { z } from 'zod';

import type { Diagnostic } from '../ir/diagnostics/diagnostic.ts';
import type { Level, Modules } from '../ir/levels.ts';

/** Properties of a module that passes require and ensure. */
export const facts = {
  polynomial: 'tensor: every activation is a polynomial',
  'linear-merged': 'tensor: no two linear ops follow one another where one would do',
  equalised: 'tile: the largest value over all slots is at most 1',
  managed: 'he: every value has its level, exact scale and size',
  'keys-selected': 'he: every rotation is by a step that has a Galois key',
} as const;

export type Fact = keyof typeof facts;

/** One calibration sample: a flat row-major array for each input, by name. */
export type Sample = ReadonlyMap<string, Float64Array>;

/** What a pass may use beside its module and options. */
export interface PassContext {
  readonly samples: readonly Sample[];
  /** Reports a problem; errors stop the pipeline after the pass. */
  readonly report: (diagnostic: Diagnostic) => void;
}

export interface PassResult<M> {
  readonly module: M;
  /** Values of the statistics that the declaration names. */
  readonly statistics: Readonly<Record<string, number>>;
}

export interface Pass<L extends Level = Level, Schema extends z.ZodType = z.ZodType> {
  /** Also the name of its file and of its golden folder. */
  readonly name: string;
  readonly level: L;
  /** One paragraph, with the pass's assumptions. */
  readonly doc: string;
  /** Options with their defaults. */
  readonly options: Schema;
  readonly requires: readonly Fact[];
  readonly ensures: readonly Fact[];
  /** What each reported number counts. */
  readonly statistics: Readonly<Record<string, string>>;
  readonly run: (module: Modules[L], options: z.output<Schema>, context: PassContext) => PassResult<Modules[L]>;
}

/** Keeps the types of level and options. */
export function definePass<L extends Level, Schema extends z.ZodType>(pass: Pass<L, Schema>): Pass<L, Schema> {
  return pass;
}

/** A pass of any level, for lists of passes. */
export type AnyPass = { [L in Level]: Pass<L> }[Level];
