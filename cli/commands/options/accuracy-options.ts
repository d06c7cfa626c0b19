/** How exact the answers of a plan have to be. */
import { highestDegree } from '../../../ir/maths/highest-degree.ts';
import { option } from '../../parsing/command.ts';
import { part, partBelow, wholeNumber } from '../../parsing/option-values.ts';

export const accuracyOptions = {
  maxError: option(part().optional(), {
    doc: 'largest error, such as 0.5% or 0.005; 1%, or with --max-disagreement whatever keeps the labels',
    value: 'E',
  }),
  maxDisagreement: option(partBelow().optional(), {
    doc: 'calibration samples whose labels may differ from those of the model, such as 1%',
    value: 'SHARE',
  }),
  maxDegree: option(wholeNumber(2, highestDegree).optional(), {
    doc: `highest degree of polynomials that stand for activations; ${highestDegree}, which takes 8 levels`,
    value: 'D',
  }),
};
