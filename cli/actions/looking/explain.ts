import { unknownName } from '../../../ir/diagnostics/cli.ts';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { diagnosticRegistry } from '../../../ir/diagnostics/registry.ts';
import { suggestion } from '../../../ir/suggestion.ts';
import { renderFields } from '../../render/table.ts';
import { wrap } from '../../render/wrap.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { explain } from '../../commands/looking/explain.ts';

export const runExplain: Action<typeof explain> = ({ code }, { print }) => {
  if (code === undefined) {
    print(renderFields([...diagnosticRegistry.values()].map((each) => [each.code, each.title])));
    return;
  }
  const wanted = code.toUpperCase().replace(/^(?=\d)/, 'H');
  const declaration = diagnosticRegistry.get(wanted);
  if (declaration === undefined) {
    const meant = suggestion(wanted, [...diagnosticRegistry.keys()]);
    throw new HepcError([unknownName({ what: 'diagnostic', name: code, suggestion: meant, list: 'hepc explain' })]);
  }
  print(`${declaration.code} (${declaration.severity}): ${declaration.title}\n\n${wrap(declaration.explain)}\n`);
};
