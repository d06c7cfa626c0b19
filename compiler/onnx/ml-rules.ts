/**
 * The operators of `ai.onnx.ml`, scikit-learn's domain, that hepc imports. Models compute scores from encrypted features; what
 * compares features or looks categories up comes before, labels and probabilities come after, and both are the client's.
 */
import { categoryMapper, labelEncoder, oneHotEncoder, zipMap } from './client/rules/ml/categories.ts';
import { arrayFeatureExtractor, binarizer, imputer, normalizer } from './client/rules/ml/features.ts';
import { classifierSteps, regressorSteps } from './client/rules/ml/linear-model.ts';
import { svmClassifierSteps, svmRegressorSteps } from './client/rules/ml/support-vectors.ts';
import { treeClassifierSteps, treeEnsembleSteps, treeRegressorSteps, withMissing } from './client/rules/ml/trees.ts';
import type { ClientRuleTable, RuleTable } from './rule-table.ts';
import { arrayFeatureExtractor as constantFeatures, featureVectorizer, scaler } from './rules/ml/features.ts';
import { classifierScores, regressorScores } from './rules/ml/linear-model.ts';
import { classifierDecisions, regressorDecision } from './rules/ml/support-vectors.ts';
import { treeClassifierScores, treeEnsembleScores, treeRegressorScores } from './rules/ml/trees/tree-models.ts';

export const mlRules: RuleTable = {
  Scaler: scaler,
  FeatureVectorizer: featureVectorizer,
  ArrayFeatureExtractor: constantFeatures,
};

export const mlClientRules: ClientRuleTable = {
  // Models, whose scores are computed encrypted
  LinearRegressor: { encrypted: regressorScores, steps: regressorSteps },
  LinearClassifier: { encrypted: classifierScores, steps: classifierSteps },
  SVMRegressor: { encrypted: regressorDecision, steps: svmRegressorSteps },
  SVMClassifier: { encrypted: classifierDecisions, steps: svmClassifierSteps },
  TreeEnsembleRegressor: {
    prepared: { steps: withMissing('TreeEnsembleRegressor'), encrypted: treeRegressorScores(true) },
    ...{ encrypted: treeRegressorScores(false), steps: treeRegressorSteps },
  },
  TreeEnsembleClassifier: {
    prepared: { steps: withMissing('TreeEnsembleClassifier'), encrypted: treeClassifierScores(true) },
    ...{ encrypted: treeClassifierScores(false), steps: treeClassifierSteps },
  },
  TreeEnsemble: {
    prepared: { steps: withMissing('TreeEnsemble'), encrypted: treeEnsembleScores(true) },
    ...{ encrypted: treeEnsembleScores(false), steps: treeEnsembleSteps },
  },

  // Features and categories
  ArrayFeatureExtractor: { steps: arrayFeatureExtractor },
  Normalizer: { steps: normalizer },
  Binarizer: { steps: binarizer },
  Imputer: { steps: imputer },
  OneHotEncoder: { steps: oneHotEncoder },
  LabelEncoder: { steps: labelEncoder },
  CategoryMapper: { steps: categoryMapper },
  ZipMap: { steps: zipMap },
};
