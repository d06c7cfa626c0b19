/** Syntax errors in words: what was expected, and what stands there. */
import { defaultParserErrorProvider, EOF, type IParserErrorMessageProvider, type IToken, tokenLabel } from 'chevrotain';

const longestShown = 40;

export const grammarMessages: IParserErrorMessageProvider = {
  ...defaultParserErrorProvider,
  buildMismatchTokenMessage: ({ expected, actual }) => `expected ${tokenLabel(expected)}, got ${shown(actual)}`,
  buildNotAllInputParsedMessage: ({ firstRedundant }) =>
    `expected the end of the statement, got ${shown(firstRedundant)}`,
  buildNoViableAltMessage: ({ expectedPathsPerAlt, actual }) => {
    const first = expectedPathsPerAlt.flat().flatMap((path) => path.slice(0, 1));
    return `expected ${oneOf(first.map((type) => tokenLabel(type)))}, got ${shown(actual[0])}`;
  },
  buildEarlyExitMessage: ({ expectedIterationPaths, actual }) => {
    const first = expectedIterationPaths.flatMap((path) => path.slice(0, 1));
    return `expected ${oneOf(first.map((type) => tokenLabel(type)))}, got ${shown(actual[0])}`;
  },
};

function shown(token: IToken | undefined): string {
  if (token === undefined || token.tokenType === EOF) return 'the end of the statement';
  const { image } = token;
  return `\`${image.length > longestShown ? `${image.slice(0, longestShown)}…` : image}\``;
}

function oneOf(labels: readonly string[]): string {
  const unique = [...new Set(labels)];
  const last = unique.pop() ?? '';
  return unique.length === 0 ? last : `${unique.join(', ')} or ${last}`;
}
