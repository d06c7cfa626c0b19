/** RotaryEmbedding: pairs of elements turned by angles whose cosines and sines are known (RoFormer, Su et al. 2021). */
import { elementCount } from '../../../../ir/constant.ts';
import { RowWriter } from '../../../../ir/tensor/csr.ts';
import { pick, selectAlong } from '../../emission/geometry.ts';
import type { Operation, Rule } from '../../emission/operation.ts';
import { invalid, mixesSamples } from '../../proto/failure.ts';
import { isBatched, knownIntegers } from '../../proto/term.ts';

/** x is [batch, heads, length, size], or [batch, length, heads · size] with `num_heads`. */
export const rotaryEmbedding: Rule = (op) => {
  const x = op.input(0);
  if (isBatched(x)) throw mixesSamples('RotaryEmbedding has positions for each sample');
  const isFlat = x.shape.length === 3;
  const heads = isFlat ? op.int('num_heads', 0) : (x.shape[1] ?? 0);
  const [batch = 0, length = 0] = isFlat ? x.shape : [x.shape[0], x.shape[2]];
  const size = elementCount(x.shape) / (batch * length * heads);
  const turned = op.int('rotary_embedding_dim', 0) || size;
  if (x.shape.length < 3 || x.shape.length > 4 || !Number.isInteger(size) || turned > size || turned % 2 !== 0)
    throw invalid(`${turned} of ${heads} heads are turned in [${x.shape.join(', ')}]`);
  const half = turned / 2;
  const [cosines, sines] = [anglesOf(op, 1, batch * length * half), anglesOf(op, 2, batch * length * half)];
  const interleaved = op.flag('interleaved', false);
  const count = elementCount(x.shape);
  const writer = new RowWriter(count, count, 2 * count);
  for (let i = 0; i < count; i++) {
    const e = i % size;
    const row = isFlat
      ? Math.floor(i / (heads * size))
      : Math.floor(i / (heads * length * size)) * length + (Math.floor(i / size) % length);
    if (e >= turned) {
      writer.push(i, 1);
    } else {
      const isFirst = interleaved ? e % 2 === 0 : e < half;
      const pair = interleaved ? Math.floor(e / 2) : e % half;
      const partner = i + (isFirst ? 1 : -1) * (interleaved ? 1 : half);
      writer.push(i, cosines[row * half + pair] ?? 0);
      writer.push(partner, (isFirst ? -1 : 1) * (sines[row * half + pair] ?? 0));
    }
    writer.endRow();
  }
  return [op.emit.linear(x, writer.finish(new Float64Array(count)), x.shape)];
};

/** [batch, length, half]: the rows of a cache at the positions, or the operand where there are none. */
function anglesOf(op: Operation, i: number, count: number): Float64Array {
  const cache = op.constant(i, 'the angles');
  const positions = op.optional(3);
  const data =
    positions === undefined
      ? cache.data
      : pick(cache.data, selectAlong(cache.shape, 0, knownIntegers(positions, 'the positions')));
  if (data.length !== count) throw invalid(`angles [${cache.shape.join(', ')}] do not fit`);
  return data;
}
