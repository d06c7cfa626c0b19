/** The operators of `ai.onnx.ml`, scikit-learn's domain, that hepc imports. */
import type { ClientRuleTable, RuleTable } from './rule-table.ts';

export const mlRules: RuleTable = {};

export const mlClientRules: ClientRuleTable = {};
