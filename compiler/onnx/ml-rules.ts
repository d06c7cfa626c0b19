/** The operators of `ai.onnx.ml`, scikit-learn's domain, that hepc imports. */
import type { RuleTable } from './rule-table.ts';

export const mlRules: RuleTable = {};
