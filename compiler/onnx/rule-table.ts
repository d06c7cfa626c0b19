/** What a table of rules is: operators by name, where an operator may have changed its meaning between versions. */
import type { ClientOperation, StepRule } from './client/client-operation.ts';
import type { Rule } from './emission/operation.ts';
import type { AnyTerm } from './proto/term.ts';

/** The rules of an operator, each with the version of its domain that it holds from; ascending. */
export type VersionedRules = readonly (readonly [since: number, rule: Rule])[];

/**
 * What the client computes of an operator. With an `encrypted` part, which is computed on encrypted values from the operands
 * of the node, `steps` gets the results of that for operands.
 */
export interface ClientRule {
  readonly steps: StepRule;
  readonly encrypted?: Rule;
  /**
   * Another encrypted part, of what the client computes beforehand from operands that it knows; no steps where the other part does
   * with the operands as they are.
   */
  readonly prepared?: {
    readonly steps: (op: ClientOperation) => readonly AnyTerm[] | undefined;
    readonly encrypted: Rule;
  };
}

export type ClientRuleTable = Readonly<Record<string, ClientRule>>;

export type RuleTable = Readonly<Record<string, Rule | VersionedRules>>;
