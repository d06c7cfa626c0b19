/** What passes warn of while plans are searched reaches the user: of the plan that was chosen, each once. */
import { expect, test, vi } from 'vitest';

import { compileGraph } from '../../../compiler/compile.ts';
import { fewSamples } from '../../../ir/diagnostics/compile.ts';
import { deadCiphertexts } from '../../../passes/he/dead-ciphertexts.ts';
import { rotateLate } from '../../../passes/he/rotate-late.ts';
import { denseChain, graphOf, samplesOf } from '../../support/tiny-networks.ts';

test.each([deadCiphertexts, rotateLate])('a warning of $name is one of the compilation', (pass) => {
  const module = denseChain([6, 4]);
  const { run } = pass;
  using spy = vi.spyOn(pass, 'run').mockImplementation((given, options, context) => {
    context.report(fewSamples({ count: 3 }));
    return run(given, options, context);
  });
  const { warnings } = compileGraph(graphOf(module), { samples: samplesOf(module, 16) });
  expect(spy).toHaveBeenCalled();
  expect(warnings).toEqual([fewSamples({ count: 3 })]);
});
