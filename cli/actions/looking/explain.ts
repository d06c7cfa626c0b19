import { unknownName } from '../../../ir/diagnostics/cli.ts';
import { type DiagnosticDeclaration, HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { diagnosticRegistry } from '../../../ir/diagnostics/registry.ts';
import { suggestion } from '../../../ir/suggestion.ts';
import { toJson } from '../../render/json.ts';
import { renderFields } from '../../render/table.ts';
import { wrap } from '../../render/wrap.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { explain } from '../../commands/looking/explain.ts';

export const runExplain: Action<typeof explain> = ({ code, json }, { print }) => {
  if (code === undefined) {
    if (json) print(toJson([...diagnosticRegistry.values()].map(report)));
    else print(renderFields([...diagnosticRegistry.values()].map((each) => [each.code, each.title])));
    return;
  }
  const wanted = code.toUpperCase().replace(/^(?=\d)/, 'H');
  const declaration = diagnosticRegistry.get(wanted);
  if (declaration === undefined) {
    const meant = suggestion(wanted, [...diagnosticRegistry.keys()]);
    throw new HepcError([unknownName({ what: 'diagnostic', name: code, suggestion: meant, list: 'hepc explain' })]);
  }
  if (json) print(toJson(report(declaration)));
  else print(`${declaration.code} (${declaration.severity}): ${declaration.title}\n\n${wrap(declaration.explain)}\n`);
};

function report({ code, severity, title, explain }: DiagnosticDeclaration<never>): Record<string, unknown> {
  return { code, severity, title, explain };
}
