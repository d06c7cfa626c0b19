/** What a table of rules is: operators by name, where an operator may have changed its meaning between versions. */
import type { Rule } from './emission/operation.ts';

/** The rules of an operator, each with the version of its domain that it holds from; ascending. */
export type VersionedRules = readonly (readonly [since: number, rule: Rule])[];

export type RuleTable = Readonly<Record<string, Rule | VersionedRules>>;
