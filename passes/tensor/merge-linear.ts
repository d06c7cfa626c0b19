/** `merge-linear`: makes as few linear ops as possible of those that the model is written with. */
import { z } from 'zod';

import { withoutDeadNodes } from './dead-nodes.ts';
import { balanceProducts } from './linear/balance-products.ts';
import { composeConv } from './linear/compose-conv.ts';
import { composeGathers } from './linear/compose-gathers.ts';
import { composeLinear, splitConcatenation, splitScaledConcatenation } from './linear/compose-maps.ts';
import { dropIdentity, dropReshape, reshapeSparse, sinkReshape } from './linear/drop-identities.ts';
import { padBeforeConv, scaleAfterConv, scaleBeforeConv } from './linear/fold-into-conv.ts';
import { affinePolynomial, scaleAfterPolynomial, scaleBeforePolynomial } from './linear/fold-polynomials.ts';
import { distributeScale, flattenSum, mergeSummands } from './linear/fold-sums.ts';
import { joinProducts } from './linear/join-products.ts';
import { Rewriter, type Rule } from './linear/rewriter.ts';
import { definePass } from '../base/pass.ts';

/** The first rule that applies is taken, so what keeps an op's structure stands before what makes it sparse. */
const rules: readonly Rule[] = [
  dropIdentity,
  dropReshape,
  reshapeSparse,
  sinkReshape,
  composeGathers,
  joinProducts,
  affinePolynomial,
  scaleBeforePolynomial,
  scaleAfterPolynomial,
  scaleAfterConv,
  scaleBeforeConv,
  padBeforeConv,
  composeConv,
  composeLinear,
  splitConcatenation,
  balanceProducts,
  flattenSum,
  mergeSummands,
  distributeScale,
];

/** A value that lost its other users late in one round is merged in the next one; there are seldom three rounds. */
const maxRounds = 16;

export const mergeLinear = definePass({
  name: 'merge-linear',
  level: 'tensor',
  doc:
    'Composes linear ops (dense, conv, gather, scale-shift, sparse) that follow one another, each of which would cost ' +
    'a level of its own. The inner op must have a single user, unless it only picks and scales elements: then it is ' +
    'composed into every user. A product of two matrices is taken only if it has at most four times the non-zeros of ' +
    'both together, and beyond four million no more than both. A convolution stays one where scales and shifts are ' +
    'per channel, under zero padding, and after another convolution without padding between them; a shift before a ' +
    'padded convolution makes it sparse, because its padding is not shifted. Reshapes move behind elementwise ops and ' +
    'vanish before ops that flatten. Sums take in scale-shifts, and linear ops of one value become one. Products of ' +
    'elements of the same values, side by side, become one, and weights behind a product that differ by orders of ' +
    'magnitude are shared with its factors. Polynomials of degree one become scale-shifts, and ' +
    'uniform scale-shifts around a polynomial become part of it. Assumes finite constants; results change by rounding ' +
    'only.',
  options: z.strictObject({}),
  requires: [],
  ensures: [],
  statistics: {
    merged: 'compositions of two ops into one',
    dropped: 'identities, reshapes and nested sums that vanished',
    moved: 'reshapes and scales that changed places with another op',
  },
  run: (module) => {
    const statistics = { merged: 0, dropped: 0, moved: 0 };
    let result = module;
    for (let round = 0; round < maxRounds; round++) {
      // Concatenations are split only once it is certain that no linear op takes a scale-shift in.
      const rewriter = new Rewriter(round === 0 ? rules : [...rules, splitScaledConcatenation]);
      result = withoutDeadNodes(rewriter.run(result));
      const { merged, dropped, moved } = rewriter.counts;
      statistics.merged += merged;
      statistics.dropped += dropped;
      statistics.moved += moved;
      if (round > 0 && merged + dropped + moved === 0) break;
    }
    return { module: result, statistics };
  },
});
