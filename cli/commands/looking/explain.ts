import { z } from 'zod';
import { unknownName } from '../../../ir/diagnostics/cli.ts';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { diagnosticRegistry } from '../../../ir/diagnostics/registry.ts';
import { suggestion } from '../../../ir/suggestion.ts';
import { defineCommand, option } from '../../shell/command.ts';
import { text } from '../../shell/option-values.ts';
import { renderFields } from '../../render/table.ts';
import { wrap } from '../../render/wrap.ts';

export const explain = defineCommand({
  name: 'explain',
  group: 'Look inside the compiler',
  summary: 'Explain the code of a diagnostic, or list all codes',
  details: [],
  options: z.strictObject({
    code: option(text.optional(), { doc: 'a code such as H332', argument: true, value: 'CODE' }),
  }),
  examples: ['explain H332'],
  run: ({ code }, { print }) => {
    if (code === undefined) {
      print(renderFields([...diagnosticRegistry.values()].map((each) => [each.code, each.title])));
      return;
    }
    const declaration = diagnosticRegistry.get(code.toUpperCase());
    if (declaration === undefined) {
      const meant = suggestion(code.toUpperCase(), [...diagnosticRegistry.keys()]);
      throw new HepcError([unknownName({ what: 'diagnostic', name: code, suggestion: meant, list: 'hepc explain' })]);
    }
    print(`${declaration.code} (${declaration.severity}): ${declaration.title}\n\n${wrap(declaration.explain)}\n`);
  },
});
