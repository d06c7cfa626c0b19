/** What TreeEnsembleRegressor, TreeEnsembleClassifier and TreeEnsemble say, whichever attributes they say it by. */

/** How a node compares its feature x with a threshold t, or with the members of a set; named as ONNX names its branches. */
export type Comparison = 'LEQ' | 'LT' | 'GTE' | 'GT' | 'EQ' | 'NEQ' | 'MEMBER';

export interface Decision {
  readonly kind: 'decision';
  readonly feature: number;
  readonly comparison: Comparison;
  /** One threshold, or the members of the set. */
  readonly values: readonly number[];
  /** Places in the list of nodes. */
  readonly whenTrue: number;
  readonly whenFalse: number;
  /** Whether a missing value (NaN) takes the branch of what is true. */
  readonly tracksMissing: boolean;
}

export interface Leaf {
  readonly kind: 'leaf';
  /** What it adds to which target; a target may occur several times. */
  readonly votes: readonly Vote[];
}

export interface Vote {
  readonly target: number;
  readonly weight: number;
}

export type TreeNode = Decision | Leaf;

export interface Ensemble {
  /** Of all trees. */
  readonly nodes: readonly TreeNode[];
  /** Places of the roots; from each, every node is reached by one path at most. */
  readonly roots: readonly number[];
  readonly targets: number;
  /** What thresholds are; features are rounded to the same before they are compared. */
  readonly format: 'float' | 'double';
}
