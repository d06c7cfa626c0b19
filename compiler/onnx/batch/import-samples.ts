/**
 * The batch: how a graph for any number of samples becomes a module for one.
 *
 * The first way keeps the batch axis out of all shapes (`proto/term.ts`), which proves by itself that samples stay apart,
 * but only as long as the axis is the first of every value. Where that fails the graph is imported with the axis among the
 * others, once with one sample and once with several; the module for one is the answer if evaluation shows that the one
 * for several does the same to each of its samples (`independent-samples.ts`). So an axis may move, be merged with others
 * and come back. What then is refused is what the first way has refused.
 */
import { sameShape } from '../../../ir/constant.ts';
import { withSamples } from '../../../ir/batch-axis.ts';
import { type Diagnostic, HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { dynamicAxis, invalidNode, mixedSamples } from '../../../ir/diagnostics/import.ts';
import type { Port } from '../../../ir/interface.ts';
import type { FinishedBorder } from '../client/border.ts';
import type { Emitter } from '../emission/emitter.ts';
import { areIndependent } from './independent-samples.ts';
import { type AnyTerm, type EncryptedTerm, isBatched, withShape } from '../proto/term.ts';

/** Any number that a shape of a model is unlikely to hold by itself. */
const several = 3;

export interface OutputTerm {
  readonly name: string;
  readonly term: AnyTerm;
}

/** A graph that has been walked. */
export interface WalkedGraph {
  readonly diagnostics: readonly Diagnostic[];
  /** All of them, where there are no diagnostics. */
  readonly outputs: readonly OutputTerm[];
  /** Ends the module and the steps, each output as its port says; at most once. Throws `HepcError`. */
  readonly finish: (ports: readonly Port[]) => FinishedBorder;
}

/** Walks a graph with the batch axis outside of all shapes, or of a given extent inside. */
type Walk = (samples?: number) => WalkedGraph;

/** The term of an input, with `samples` along its batch axis, or that axis outside of the shape. */
export function inputTerm(emit: Emitter, port: Port, samples: number | undefined): EncryptedTerm {
  const { name, shape, hasBatchAxis, batchAxis = 0 } = port;
  if (samples === undefined || !hasBatchAxis) return emit.input(name, shape, hasBatchAxis);
  const whole = withSamples(shape, batchAxis, samples);
  return withShape(emit.input(name, samples === 1 ? shape : whole, false), whole);
}

/**
 * The model for one sample. Throws `HepcError` with everything that `walk` finds wrong, or with `inside`: what is wrong with
 * inputs that have the batch axis among others, which the first way cannot do.
 */
export function importSamples(inputs: readonly Port[], inside: readonly Diagnostic[], walk: Walk): FinishedBorder {
  if (inside.length > 0) return importInside(inputs, inside, walk);
  const outside = walk();
  if (outside.diagnostics.length === 0)
    return outside.finish(
      outside.outputs.map(({ name, term }) => ({ name, shape: term.shape, hasBatchAxis: isBatched(term) })),
    );
  if (!inputs.some(({ hasBatchAxis }) => hasBatchAxis)) throw new HepcError(outside.diagnostics);
  return importInside(inputs, outside.diagnostics, walk);
}

/** `outside` is what is wrong where samples are not independent. */
function importInside(inputs: readonly Port[], outside: readonly Diagnostic[], walk: Walk): FinishedBorder {
  const [ofOne, ofSeveral] = [walk(1), walk(several)];
  if (ofOne.diagnostics.length === 0 && ofSeveral.diagnostics.length === 0) {
    const imported = importedApart(inputs, ofOne, ofSeveral);
    if (imported !== undefined) return imported;
  }
  throw new HepcError(whatIsWrong(outside, ofOne.diagnostics, ofSeveral.diagnostics));
}

function importedApart(
  inputs: readonly Port[],
  ofOne: WalkedGraph,
  ofSeveral: WalkedGraph,
): FinishedBorder | undefined {
  const ports = ofOne.outputs.flatMap(({ name, term }, i): Port[] => {
    if (term.kind === 'constant' || term.kind === 'texts') return [{ name, shape: term.shape, hasBatchAxis: false }];
    const batchAxis = axisOfSamples(term.shape, ofSeveral.outputs[i]?.term.shape ?? []);
    if (batchAxis === undefined) return [];
    return [portOf(name, term.shape.toSpliced(batchAxis, 1), batchAxis)];
  });
  if (ports.length < ofOne.outputs.length) return undefined;
  const one = ofOne.finish(ports);
  const many = ofSeveral.finish(ports.map((port, i) => ({ ...port, shape: ofSeveral.outputs[i]?.term.shape ?? [] })));
  return areIndependent({ one, several: many, count: several, inputs, outputs: ports }) ? one : undefined;
}

function portOf(name: string, shape: readonly number[], batchAxis: number): Port {
  return { name, shape, hasBatchAxis: true, ...(batchAxis > 0 && { batchAxis }) };
}

/** The axis that is as long as there are samples; undefined where no axis is, or shapes differ in anything else. */
function axisOfSamples(ofOne: readonly number[], ofSeveral: readonly number[]): number | undefined {
  const axis = ofOne.findIndex((extent, d) => extent === 1 && ofSeveral[d] === several);
  return axis >= 0 && sameShape(ofOne.with(axis, several), ofSeveral) ? axis : undefined;
}

/**
 * What the walk without the batch axis has found, but for nodes that only move the axis about while something else is
 * wrong that has nothing to do with it.
 */
function whatIsWrong(
  outside: readonly Diagnostic[],
  ofOne: readonly Diagnostic[],
  ofSeveral: readonly Diagnostic[],
): readonly Diagnostic[] {
  const mixing = mixedSamples.declaration.code;
  const ofBatch = new Set([mixing, dynamicAxis.declaration.code]);
  if (ofOne.length === 0) {
    return outside.map((found) => (found.code === mixing ? { ...found, notes: [...found.notes, batchOfOne] } : found));
  }
  // A shape that does not fit may be one that fits for some other number of samples.
  const anyway = ofOne.filter(
    (found) =>
      found.code !== invalidNode.declaration.code &&
      ofSeveral.some((other) => other.code === found.code && placeOf(other) === placeOf(found)),
  );
  if (anyway.length < Math.max(ofOne.length, ofSeveral.length)) return outside;
  const known = new Set(outside.map(placeOf));
  return [...outside.filter(({ code }) => !ofBatch.has(code)), ...anyway.filter((found) => !known.has(placeOf(found)))];
}

const batchOfOne = 'Exported with a batch of one in place of a dynamic first axis, hepc can read the model.';

function placeOf({ at }: Diagnostic): string {
  return JSON.stringify(at.nodes ?? at);
}
