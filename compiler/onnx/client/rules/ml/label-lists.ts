/** Lists of labels in attributes, numbers or texts, and labels by their places. */
import type { Labels } from '../../../../../ir/client/ops.ts';
import type { ClientElements } from '../../../../../ir/interface.ts';
import { invalid } from '../../../proto/failure.ts';
import type { ClientTerm } from '../../../proto/term.ts';
import type { ClientOperation } from '../../client-operation.ts';

/** Labels that are all texts or all numbers, as `elements` says. */
export interface LabelList {
  readonly elements: ClientElements;
  readonly labels: Labels;
}

export function textList(labels: readonly string[]): LabelList {
  return { elements: 'string', labels: [...labels] };
}

export function numberList(labels: readonly number[], elements: 'integer' | 'real' = 'integer'): LabelList {
  return { elements, labels: [...labels] };
}

/** What a classifier or a ZipMap calls its classes; an empty list where they have no names. */
export function classLabels(op: ClientOperation): LabelList {
  const texts = op.strings('classlabels_strings') ?? [];
  if (texts.length > 0) return textList(texts);
  return numberList(op.ints('classlabels_ints') ?? op.ints('classlabels_int64s') ?? []);
}

/** The label at each place, of which there are `count`. */
export function labelsAt(op: ClientOperation, list: LabelList, places: ClientTerm, count: number): ClientTerm {
  const { elements, labels } = list;
  if (labels.length < count) throw invalid(`${labels.length} labels for ${count} classes`);
  return op.steps.take(op.steps.literal([labels.length], elements, labels), places);
}

/** A list in one of the attributes `prefix`_strings, _int64s, _floats and _tensor. */
export function listAttribute(op: ClientOperation, prefix: 'keys' | 'values'): LabelList {
  const texts = op.strings(`${prefix}_strings`);
  if (texts !== undefined) return textList(texts);
  const whole = op.ints(`${prefix}_int64s`);
  if (whole !== undefined) return numberList(whole);
  const reals = op.floats(`${prefix}_floats`);
  if (reals !== undefined) return numberList(reals, 'real');
  const tensor = op.labels(`${prefix}_tensor`);
  if (tensor === undefined) throw invalid(`${op.opType} has no ${prefix}`);
  if (tensor.kind === 'texts') return textList(tensor.data);
  return numberList(Array.from(tensor.data), tensor.elements === 'float' ? 'real' : 'integer');
}
