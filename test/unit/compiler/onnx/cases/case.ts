/** Cases of the operator tests: small models that the importer and onnxruntime must agree on. */
import { seededRandom } from '../../../../../ir/random.ts';
import { floats, type ModelSpec, type TensorSpec } from '../../../../support/onnx-builder.ts';

export interface Case {
  readonly name: string;
  readonly spec: ModelSpec;
}

type Parts = Omit<ModelSpec, 'outputs'> & { readonly outputs?: readonly string[] };

/** A model with the output `y`, unless it names others. */
export function given(name: string, parts: Parts): Case {
  return { name, spec: { ...parts, outputs: parts.outputs ?? ['y'] } };
}

/** Seeded weights in [−1, 1]; another shape gives other numbers. */
export function weights(...dims: number[]): TensorSpec {
  const random = seededRandom(dims.reduce((hash, extent) => 31 * hash + extent, 7));
  const count = dims.reduce((product, extent) => product * extent, 1);
  return floats(
    dims,
    Array.from({ length: count }, () => 2 * random.uniform() - 1),
  );
}

/** Seeded numbers from ½ to 1½: divisors and variances. */
export function positives(...dims: number[]): TensorSpec {
  const random = seededRandom(dims.length);
  const count = dims.reduce((product, extent) => product * extent, 1);
  return floats(
    dims,
    Array.from({ length: count }, () => 0.5 + random.uniform()),
  );
}

export function scalar(x: number): TensorSpec {
  return floats([], [x]);
}
