/** Pools of norms: (Σ |x|^p)^(1/p) over windows, for p = 1 and p = 2. A sum over a window is its mean times its elements. */
import { elementCount } from '../../../../ir/constant.ts';
import { range } from '../../emission/geometry.ts';
import type { Operation, Rule } from '../../emission/operation.ts';
import { refused } from '../../proto/failure.ts';
import { isBatched, type Term } from '../../proto/term.ts';
import { scaled } from '../arithmetic.ts';
import { averagePool } from '../pooling.ts';
import { absolutePower, orderOf, sumOver } from './along-axes.ts';

export const lpPool: Rule = (op) => {
  const p = orderOf(op);
  if (op.flag('ceil_mode', false))
    throw refused(
      'the last windows hang over the padding (ceil_mode)',
      'Pad so that windows fit, and set ceil_mode to 0.',
    );
  const counting = op.with([absolutePower(op.emit, op.input(0), p)], { count_include_pad: { type: 'int', value: 1 } });
  const count = elementCount(op.ints('kernel_shape') ?? []);
  return averagePool(counting).map((mean) => rooted(op, scaled(op.emit, mean, count), p));
};

export const globalLpPool: Rule = (op) => {
  const p = orderOf(op);
  const x = op.input(0);
  const axes = range(x.shape.length).slice(isBatched(x) ? 1 : 2);
  return [rooted(op, sumOver(op.emit, absolutePower(op.emit, x, p), axes, 1), p)];
};

function rooted(op: Operation, total: Term, p: 1 | 2): Term {
  return p === 1 ? total : op.emit.activation(total, 'sqrt', []);
}
