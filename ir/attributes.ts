/** Schemas that the attributes of several ops share. */
import { z } from 'zod';

import { Constant } from './constant.ts';

const constant = z.instanceof(Constant);

/** A constant of doubles. */
export const values = constant.refine((c) => c.dtype === 'f64', 'must be a constant of f64');

/** A constant of indices. */
export const indices = constant.refine((c) => c.dtype === 'i32', 'must be a constant of i32');

export const shape = z.array(z.int().min(1));

export const steps = z.array(z.int());

export const name = z.string().min(1);
