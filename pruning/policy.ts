/**
 * Policy text: which scheme prunes a model, and how. `SCHEME[:scope/criterion/target][:threshold]`, or `auto`.
 *
 * Examples: `P4E:Gl/L1/Wei:0.0625`, `P2T:Gl/T-Avg`, `P3E`. `schemes.ts` has the primitives of each scheme.
 */
import { type Diagnostic, HepcError } from '../ir/diagnostics/diagnostic.ts';
import { badPolicy } from '../ir/diagnostics/pruning/pruning.ts';
import { suggestion } from '../ir/suggestion.ts';
import type { Criterion } from '../passes/pruning/statistics/criteria.ts';

const scopes = { Lc: 'local', Gl: 'global' } as const;
const criteria = { L1: 'l1', L2: 'l2', Rnd: 'random', Dat: 'data', Err: 'error' } as const;
const tileCriteria = { 'T-Min': 'min', 'T-Max': 'max', 'T-Avg': 'mean', 'T-Err': 'error' } as const;
const targets = { Wei: 'weight', Neu: 'neuron' } as const;

/** How weights are pruned one by one, or neuron by neuron. */
export interface WeightPruning {
  readonly scope: 'local' | 'global';
  readonly criterion: Criterion;
  readonly target: 'weight' | 'neuron';
}

/** How whole tiles are. */
export interface TilePruning {
  readonly scope: 'local' | 'global';
  readonly tileCriterion: 'min' | 'max' | 'mean' | 'error';
}

/** Dropping tiles in which little is left. */
export interface TileThreshold {
  /** Largest share of non-zeros at which a tile is dropped, 0 to 1. */
  readonly threshold: number;
}

export type Policy =
  | { readonly scheme: 'auto' }
  | ({ readonly scheme: 'P2T' | 'P3T' } & TilePruning)
  | ({ readonly scheme: 'P2' | 'P3' | 'P3E' } & WeightPruning)
  | ({ readonly scheme: 'P4' | 'P4E' } & WeightPruning & TileThreshold);

const schemeNames = ['P2', 'P2T', 'P3', 'P3T', 'P3E', 'P4', 'P4E'] as const;

/**
 * By what the samples say, because magnitudes keep the weights of inputs that are always zero; by the error at the outputs,
 * because shares of a layer's signal do not tell layers apart (`bench/hepex.md`).
 */
const defaults: WeightPruning & TilePruning & TileThreshold = {
  scope: 'global',
  criterion: 'error',
  target: 'weight',
  tileCriterion: 'error',
  threshold: 0.0625,
};

const longestPolicy = 64;

/** Throws `HepcError` (H343) with everything that is wrong with `text`. */
export function parsePolicy(text: string): Policy {
  const parser = new PolicyParser(text);
  const policy = parser.parse();
  if (policy === undefined || parser.problems.length > 0) throw new HepcError(parser.problems);
  return policy;
}

class PolicyParser {
  readonly problems: Diagnostic[] = [];
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The policy, if `problems` stays empty. */
  parse(): Policy | undefined {
    if (this.text.length > longestPolicy) {
      this.refuse(`${this.text.length} characters`, `at most ${longestPolicy}`);
      return undefined;
    }
    const [name = '', ...fields] = this.text.split(':');
    if (name === 'auto') {
      if (fields.length > 0) this.refuse(`${quoted(fields.join(':'))} after auto`, 'nothing, auto chooses by itself');
      return { scheme: name };
    }
    const scheme = schemeNames.find((each) => each === name);
    if (scheme === undefined) {
      this.unknown('scheme', name, [...schemeNames, 'auto']);
      return undefined;
    }
    // Both fields may be left out, so a lone one is told by its slash.
    const [pruning, threshold, ...more] = fields[0]?.includes('/') === false ? [undefined, ...fields] : fields;
    if (more.length > 0) this.refuse(`${quoted(more.join(':'))} at its end`, 'nothing after the threshold');
    switch (scheme) {
      case 'P2T':
      case 'P3T':
        this.noThreshold(scheme, threshold);
        return { scheme, ...this.tiles(scheme, pruning) };
      case 'P2':
      case 'P3':
      case 'P3E':
        this.noThreshold(scheme, threshold);
        return { scheme, ...this.weights(pruning) };
      case 'P4':
      case 'P4E':
        return { scheme, ...this.weights(pruning), threshold: this.threshold(threshold) };
    }
  }

  private weights(field: string | undefined): WeightPruning {
    const { scope, criterion, target } = defaults;
    if (field === undefined) return { scope, criterion, target };
    const [first = '', second = '', third = '', ...rest] = field.split('/');
    if (rest.length > 0) this.refuse(`${quoted(rest.join('/'))} after the target`, 'nothing, or :threshold');
    return {
      scope: this.choice('scope', first, scopes) ?? scope,
      criterion: this.choice('criterion', second, criteria) ?? criterion,
      target: this.choice('target', third, targets) ?? target,
    };
  }

  private tiles(scheme: string, field: string | undefined): TilePruning {
    const { scope, tileCriterion } = defaults;
    if (field === undefined) return { scope, tileCriterion };
    const [first = '', second = '', ...rest] = field.split('/');
    if (rest.length > 0 && rest.join('/') !== 'Wei')
      this.refuse(`the target ${quoted(rest.join('/'))}`, `Wei or nothing, ${scheme} takes whole tiles of weights`);
    return {
      scope: this.choice('scope', first, scopes) ?? scope,
      tileCriterion: this.choice('tile criterion', second, tileCriteria) ?? tileCriterion,
    };
  }

  private threshold(field: string | undefined): number {
    if (field === undefined) return defaults.threshold;
    const value = /^(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(field) ? Number(field) : NaN;
    if (value >= 0 && value <= 1) return value;
    this.refuse(`the threshold ${quoted(field)}`, `a share of non-zeros from 0 to 1, such as ${defaults.threshold}`);
    return defaults.threshold;
  }

  private noThreshold(scheme: string, field: string | undefined): void {
    if (field !== undefined)
      this.refuse(`${quoted(field)} as a threshold`, `nothing, ${scheme} drops no tiles by their share of non-zeros`);
  }

  /** What `word` stands for in `table`; reports where it stands for nothing. */
  private choice<T extends string>(what: string, word: string, table: Readonly<Record<string, T>>): T | undefined {
    const known = Object.keys(table);
    if (known.includes(word)) return table[word];
    this.unknown(what, word, known);
    return undefined;
  }

  private unknown(what: string, word: string, known: readonly string[]): void {
    const closest = known.find((each) => each.toLowerCase() === word.toLowerCase()) ?? suggestion(word, known);
    if (word === '') this.refuse(`no ${what}`, known.join(', '));
    else this.refuse(`the ${what} ${quoted(word)}`, known.join(', '), closest);
  }

  private refuse(problem: string, allowed: string, closest?: string): void {
    const policy = this.text.length > longestPolicy ? `${this.text.slice(0, longestPolicy)}…` : this.text;
    this.problems.push(badPolicy({ policy, problem, allowed, suggestion: closest }));
  }
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

/** The canonical text, with nothing left out: `parsePolicy` reads it as the same policy. */
export function printPolicy(policy: Policy): string {
  if (policy.scheme === 'auto') return policy.scheme;
  const scope = wordOf(scopes, policy.scope);
  if ('tileCriterion' in policy) return `${policy.scheme}:${scope}/${wordOf(tileCriteria, policy.tileCriterion)}`;
  const pruning = `${scope}/${wordOf(criteria, policy.criterion)}/${wordOf(targets, policy.target)}`;
  return [policy.scheme, pruning, ...('threshold' in policy ? [policy.threshold] : [])].join(':');
}

function wordOf(table: Readonly<Record<string, string>>, meaning: string): string {
  return Object.keys(table).find((word) => table[word] === meaning) ?? meaning;
}

/** The policy in words, for help and reports. */
export function describePolicy(policy: Policy): string {
  if (policy.scheme === 'auto') return 'search for the least modelled cost within the loss budget';
  const over = policy.scope === 'global' ? 'over the whole model' : 'in each layer';
  if ('tileCriterion' in policy) {
    const gather = policy.scheme === 'P3T' ? 'permute so that small weights share tiles; ' : '';
    return `${gather}prune whole tiles ${over}, those of least ${tileRanks[policy.tileCriterion]} first`;
  }
  const steps = [`prune ${policy.target}s ${over}, ${ranks[policy.criterion]}`];
  if (policy.scheme !== 'P2') steps.push('permute rows and columns so that zeros share tiles');
  if ('threshold' in policy) steps.push(`drop tiles with at most ${percent(policy.threshold)} of non-zeros`);
  if (policy.scheme.endsWith('E')) steps.push('restore what the surviving tiles hold');
  return steps.join('; ');
}

const ranks: Readonly<Record<WeightPruning['criterion'], string>> = {
  l1: 'the smallest first',
  l2: 'those of the smallest square relative to their layer first',
  random: 'at random',
  data: 'those that contribute least on the samples first',
  error: 'those that move the outputs least on the samples first',
};

const tileRanks: Readonly<Record<TilePruning['tileCriterion'], string>> = {
  min: 'smallest |w|',
  max: 'largest |w|',
  mean: 'mean |w|',
  error: 'error on the samples',
};

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(4))} %`;
}
