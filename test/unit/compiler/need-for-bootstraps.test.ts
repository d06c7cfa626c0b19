import { expect, test } from 'vitest';

import { mayNeedBootstraps, needForBootstraps } from '../../../compiler/network-plans.ts';
import { settingsOf } from '../../../compiler/settings.ts';
import { Constant, vector } from '../../../ir/constant.ts';
import { TensorBuilder, type TensorModule } from '../../../ir/tensor/ops.ts';

function coefficientsOf(degree: number): Constant {
  return new Constant(
    [1, degree + 1],
    Float64Array.from({ length: degree + 1 }, (_, k) => 1 / (k + 1)),
  );
}

/** Layers with a polynomial each. */
function layers(count: number, degree: number): TensorModule {
  const builder = new TensorBuilder();
  let x = builder.add('input', [], { name: 'x', shape: [1] }, []);
  const weights = new Constant([1, 1], Float64Array.of(0.5));
  for (let layer = 0; layer < count; layer++) {
    x = builder.add('dense', [x], { weights, bias: vector([0]) }, []);
    const attrs = { basis: 'chebyshev', coefficients: coefficientsOf(degree), center: 0, halfWidth: 1 } as const;
    x = builder.add('polynomial', [x], attrs, []);
  }
  builder.add('output', [x], { name: 'y' }, []);
  return builder.build('layers');
}

const settings = settingsOf({});

test.each([
  // Five levels a layer, whose last product waits for the next one; 14 levels are no reason for bootstraps, and 62 the most that a chain has.
  { count: 2, degree: 31, need: 'none' },
  { count: 8, degree: 31, need: 'perhaps' },
  { count: 14, degree: 31, need: 'all' },
  // What bootstraps give levels for is as low as it has to be.
  { count: 20, degree: 15, need: 'none' },
])('$count polynomials of degree $degree: $need', ({ count, degree, need }) => {
  const standIns = Array.from({ length: count }, () => ({
    coefficients: [coefficientsOf(degree)],
    degree,
    highestDegree: degree,
    depth: 5,
  }));
  const network = { tensor: layers(count, degree), standIns };
  expect(needForBootstraps(network, settings)).toBe(need);
  // Nobody bootstraps for an engine that cannot, with encrypted weights, or where the client refreshes.
  for (const options of [{ engine: 'seal-wasm' }, { weights: 'encrypted' }, { refresh: 'client' }] as const)
    expect(needForBootstraps(network, settingsOf(options))).toBe('none');
});

test.each([
  { count: 10, isDeep: false },
  { count: 20, isDeep: true },
])('$count ReLUs may need bootstraps: $isDeep', ({ count, isDeep }) => {
  const builder = new TensorBuilder();
  let x = builder.add('input', [], { name: 'x', shape: [1] }, []);
  const weights = new Constant([1, 1], Float64Array.of(0.5));
  for (let layer = 0; layer < count; layer++) {
    x = builder.add('dense', [x], { weights, bias: vector([0]) }, []);
    x = builder.add('activation', [x], { kind: 'relu', parameters: [] }, []);
  }
  builder.add('output', [x], { name: 'y' }, []);
  const module = builder.build('layers');
  expect(mayNeedBootstraps(module, settings)).toBe(isDeep);
  expect(mayNeedBootstraps(module, settingsOf({ engine: 'seal-wasm' }))).toBe(false);
});
