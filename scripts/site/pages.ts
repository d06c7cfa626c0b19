/** The pages of the site in the order of its navigation, by groups. A test sees to it that no page of `docs/` is left out. */

export interface PageGroup {
  readonly title: string;
  /** Markdown files, from the root of the project. */
  readonly pages: readonly string[];
}

export const pageGroups: readonly PageGroup[] = [
  {
    title: 'Guide',
    pages: [
      'docs/guide/start.md',
      'docs/guide/fit.md',
      'docs/guide/models.md',
      'docs/guide/errors.md',
      'docs/guide/plans.md',
      'docs/guide/files.md',
      'docs/guide/refreshes.md',
      'docs/guide/capacity.md',
      'docs/guide/browser.md',
      'docs/guide/production.md',
      'docs/guide/service-api.md',
      'docs/pruning.md',
      'docs/guide/questions.md',
      'docs/guide/glossary.md',
    ],
  },
  {
    title: 'Reference',
    pages: [
      'docs/diagnostics.md',
      'docs/service-answers.md',
      'docs/ir.md',
      'docs/ops.md',
      'docs/passes.md',
      'docs/polynomials.md',
    ],
  },
  {
    title: 'Measured',
    pages: [
      'docs/guide/prices.md',
      'docs/guide/functions.md',
      'bench/engine.md',
      'bench/results.md',
      'bench/compile.md',
      'bench/depth.md',
      'bench/stages.md',
      'bench/pairs.md',
      'bench/hepex.md',
      'bench/serve.md',
      'bench/security.md',
      'bench/onnx-cases.md',
      'bench/sklearn.md',
    ],
  },
  { title: 'Project', pages: ['ARCHITECTURE.md', 'THREATMODEL.md', 'CONTRIBUTING.md', 'CHANGELOG.md'] },
];
