/** The operators of `com.microsoft`, onnxruntime's own domain, that hepc imports. */
import type { RuleTable } from './rule-table.ts';

export const microsoftRules: RuleTable = {};
