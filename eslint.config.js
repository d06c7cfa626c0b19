import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Globals of a browser window that a forgotten declaration would silently fall back to. */
const windowGlobals = [
  'close',
  'event',
  'length',
  'name',
  'open',
  'origin',
  'parent',
  'print',
  'self',
  'status',
  'stop',
  'top',
];

/**
 * Passes that match a pattern of particular ops of the `he` level, and alone may compare their codes; all others ask for
 * traits (`ir/he/traits.ts`) or are total records, so that a new op does not fall through them.
 */
const matchOps = ['factor-plaintexts', 'fold-rotations', 'merge-folds', 'rotate-late'].map(
  (name) => `passes/he/${name}.ts`,
);

export default defineConfig(
  // AssemblyScript has its own compiler, and bin/start.cjs begins what is built.
  globalIgnores(['dist/', 'coverage/', 'site/', 'bin/start.cjs', 'runtime/rns/kernels/assembly/']),
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-restricted-globals': ['error', ...windowGlobals],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'TSAsExpression > TSAsExpression.expression[typeAnnotation.type="TSUnknownKeyword"]',
          message: 'A cast through unknown hides a wrong type: parse the value or fix the type.',
        },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // Messages and printed IR are full of numbers.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `while (true)` with a return inside is the clearest form of some searches.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    ignores: ['test/**', ...matchOps],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['**/ops.ts'],
              importNames: ['HE'],
              message:
                'Ask for a trait (ir/he/traits.ts) or be a total record: codes are compared where patterns match.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['bin/**'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['test/**'],
    rules: {
      // `expect(object.method)` hands over a method without calling it.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
);
