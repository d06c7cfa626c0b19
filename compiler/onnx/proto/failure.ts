/**
 * How a rule gives up on a node: it throws an `ImportFailure`, which the importer catches, places at the node and
 * collects. Each function here is one way to fail; rules write `throw refused(…)`.
 */
import type { Diagnostic, Place } from '../../../ir/diagnostics/diagnostic.ts';
import {
  invalidNode,
  mixedSamples,
  modelTooLarge,
  nonFiniteWeights,
  unsupportedForm,
} from '../../../ir/diagnostics/import.ts';

export class ImportFailure extends Error {
  /** The diagnostic, at the place that the catcher knows. */
  readonly report: (at: Place) => Diagnostic;
  /** Whether the node is sound, and only has no encrypted form: then the client may compute it. */
  readonly isSound: boolean;

  constructor(report: (at: Place) => Diagnostic, isSound = false) {
    super('a diagnostic of the ONNX importer');
    this.name = 'ImportFailure';
    this.report = report;
    this.isSound = isSound;
  }
}

/** The operator is known, but not with these operands or attributes. */
export function refused(reason: string, instead: string): ImportFailure {
  return new ImportFailure((at) => unsupportedForm({ reason, instead }, at), true);
}

/** ONNX itself does not allow the node. */
export function invalid(reason: string): ImportFailure {
  return new ImportFailure((at) => invalidNode({ reason }, at));
}

/** The node would combine, reorder or count samples. */
export function mixesSamples(reason: string): ImportFailure {
  return new ImportFailure((at) => mixedSamples({ reason }, at));
}

export function tooLarge(what: string, size: number, limit: number): ImportFailure {
  return new ImportFailure((at) => modelTooLarge({ what, size, limit }, at));
}

export function notFinite(tensor: string, value: number, index: number): ImportFailure {
  return new ImportFailure((at) => nonFiniteWeights({ tensor, value, index }, at));
}
