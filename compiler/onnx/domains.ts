/** The operator domains, which versions of each hepc reads, and the rule of each operator. */
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { unsupportedOpset } from '../../ir/diagnostics/import.ts';
import { standardClientRules } from './client-rules.ts';
import type { Rule } from './emission/operation.ts';
import { microsoftRules } from './microsoft-rules.ts';
import { mlClientRules, mlRules } from './ml-rules.ts';
import type { OnnxModel, OnnxNode } from './proto/model.ts';
import type { ClientRule, RuleTable } from './rule-table.ts';
import { comparisonRules } from './rules/comparisons/table.ts';
import { functionRules } from './rules/functions/table.ts';
import { withEarlierVersions } from './rules/earlier-versions.ts';
import { standardRules } from './rules.ts';

interface Domain {
  /** For messages. */
  readonly title: string;
  readonly oldest: number;
  readonly newest: number;
  readonly rules: ReadonlyMap<string, RuleTable[string]>;
  readonly clientRules: ReadonlyMap<string, ClientRule>;
}

const domains: ReadonlyMap<string, Domain> = new Map(
  Object.entries({
    '': {
      title: 'opset',
      oldest: 1,
      newest: 26,
      rules: withEarlierVersions(standardRules),
      clientRules: standardClientRules,
    },
    'ai.onnx.ml': { title: 'ai.onnx.ml', oldest: 1, newest: 5, rules: mlRules, clientRules: mlClientRules },
    'com.microsoft': { title: 'com.microsoft', oldest: 1, newest: 1, rules: microsoftRules, clientRules: {} },
  }).map(([name, { rules, clientRules, ...domain }]) => [
    name,
    {
      ...domain,
      rules: new Map(Object.entries(rules)),
      clientRules: new Map(Object.entries<ClientRule>(clientRules)),
    },
  ]),
);

/** The rule of a node in the version that it is written for; undefined where hepc has none. */
export function ruleOf({ domain, opType, version }: OnnxNode): Rule | undefined {
  const entry = domains.get(domain)?.rules.get(opType);
  if (entry === undefined || typeof entry === 'function') return entry;
  return entry.findLast(([since]) => version >= since)?.[1];
}

/**
 * How a node is computed on encrypted values that the client would compute where nothing but steps follows; undefined where it
 * never is.
 */
export function insideRuleOf({ domain, opType }: OnnxNode): Rule | undefined {
  return domain === '' ? (functionRules.get(opType) ?? comparisonRules.get(opType)) : undefined;
}

/** Whether hepc has a rule for a node, of either kind. */
export function isSupported(node: OnnxNode): boolean {
  return ruleOf(node) !== undefined || clientRuleOf(node) !== undefined;
}

/** How the client computes a node; undefined where it has no rule of its own. */
export function clientRuleOf({ domain, opType }: OnnxNode): ClientRule | undefined {
  return domains.get(domain)?.clientRules.get(opType);
}

/** Names of the operators of a domain that have rules, for documentation and for tests that must miss none. */
export function supportedOperators(domain: string): readonly string[] {
  const { rules, clientRules } = domains.get(domain) ?? {};
  return [...new Set([...(rules?.keys() ?? []), ...(clientRules?.keys() ?? [])])];
}

/** H103 for each operator set that the nodes of the model need and that is missing or of a version that hepc does not know. */
export function checkOpsets({ opsets, graph }: OnnxModel, file: string): Diagnostic[] {
  const needed = new Map(graph.nodes.map(({ domain, version }) => [`${domain} ${version}`, { domain, version }]));
  if (needed.size === 0) needed.set('', { domain: '', version: opsets.get('') ?? 0 });
  return Array.from(needed.values()).flatMap(({ domain: name, version }) => {
    const domain = domains.get(name);
    // Nodes of other domains are refused one by one.
    if (domain === undefined || (version >= domain.oldest && version <= domain.newest)) return [];
    const { title, oldest, newest } = domain;
    return [unsupportedOpset({ title, found: version === 0 ? undefined : version, oldest, newest }, { file })];
  });
}
