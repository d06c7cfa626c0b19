/** Initializers and constants that hold texts. */
import { badTensor } from '../../../ir/diagnostics/import.ts';
import { elementCount } from '../../../ir/constant.ts';
import { textType } from './element-types.ts';
import { ImportFailure } from './failure.ts';
import type { OnnxNode, OnnxTensor } from './model.ts';
import type { TextsTerm } from './term.ts';

/** The texts of `tensor`, which is called `name` in messages; undefined for one of numbers. */
export function readTexts({ elementType, dims, texts }: OnnxTensor, name: string): TextsTerm | undefined {
  if (elementType !== textType) return undefined;
  if (elementCount(dims) !== texts.length) {
    const reason = `shape [${dims.join(', ')}] of texts needs ${elementCount(dims)}, got ${texts.length}`;
    throw new ImportFailure((at) => badTensor({ tensor: name, reason }, at));
  }
  return { kind: 'texts', shape: dims, data: texts };
}

/** What a Constant holds, where that is text. */
export function constantTexts({ opType, domain, attributes }: OnnxNode): TextsTerm | undefined {
  if (opType !== 'Constant' || domain !== '') return undefined;
  const value = attributes.get('value');
  if (value?.type === 'tensor') return readTexts(value.value, 'attribute "value"');
  const one = attributes.get('value_string');
  if (one?.type === 'string') return { kind: 'texts', shape: [], data: [one.value] };
  const many = attributes.get('value_strings');
  if (many?.type === 'strings') return { kind: 'texts', shape: [many.value.length], data: many.value };
  return undefined;
}
