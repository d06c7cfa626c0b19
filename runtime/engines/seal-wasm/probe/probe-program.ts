/**
 * The program that costs are measured with: one row of each operation, or a few, at one level, with operands that die
 * where they die in compiled programs. Its values mean nothing.
 */
import { Constant } from '../../../../ir/constant.ts';
import { HeBuilder, type HeModule } from '../../../../ir/he/module.ts';
import { PlaintextBuilder } from '../../../../ir/he/plaintexts.ts';
import { type Parameters, slotsOf } from '../../../../ir/parameters.ts';
import { seededRandom } from '../../../../ir/random.ts';

/** Rotation steps of the program, each with a key of its own. */
export const probeSteps = [1, 2] as const;

/** Small enough that the product of two fits the smallest first prime. */
export const probeScale = 2 ** 10;

/** Terms of its sum of products: different plaintexts, so that none stays in a cache. */
const terms = 4;

/** One evaluation at `level`; what lowers the level is left out at level 0. */
export function probeProgram(parameters: Parameters, level: number): HeModule {
  const slots = slotsOf(parameters);
  const random = seededRandom(level);
  const values = Float64Array.from({ length: slots * (terms + 1) }, () => 2 * random.uniform() - 1);
  const pool = new PlaintextBuilder();
  const plaintexts = Array.from({ length: terms + 1 }, (_, tile) =>
    pool.add({ source: 0, tile, shift: tile, inner: 1 }),
  );
  const [bias = 0, ...factors] = plaintexts;

  const builder = new HeBuilder(64);
  const fresh = { level, scale: probeScale };
  const product = { level, scale: probeScale ** 2 };
  const x = builder.add('input', fresh);
  const w = builder.add('weight', { a: bias, ...fresh });
  const rotated = probeSteps.map((imm) => builder.add('rotate', { a: x, imm, ...fresh }));
  const products = factors.map((b, i) =>
    builder.add('multiply-plain', { a: rotated[i % rotated.length] ?? x, b, plainScale: probeScale, ...product }),
  );
  const sum = products.reduce((a, b) => builder.add('add', { a, b, ...product }));
  builder.add('add-plain', { a: sum, b: bias, plainScale: product.scale, ...product });
  const square = builder.add('multiply', { a: x, b: w, size: 3, ...product });
  const result = builder.add('relinearize', { a: square, ...product });
  builder.add('output', { a: result, imm: 0, ...product });
  if (level > 0) {
    const prime = parameters.primes[level] ?? 1;
    builder.add('rescale', { a: result, level: level - 1, scale: product.scale / prime });
    builder.add('mod-switch', { a: w, level: level - 1, scale: probeScale });
  }
  return {
    level: 'he',
    name: 'costs',
    slots,
    parameters,
    columns: builder.build(),
    plaintexts: pool.build(),
    packed: [new Constant([terms + 1, slots], values)],
    origins: [[]],
  };
}
