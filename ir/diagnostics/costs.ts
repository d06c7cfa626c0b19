/** Diagnostics H360 to H363: files of measured costs. */
import { defineDiagnostic } from './diagnostic.ts';

/** The command that makes such a file, as every one of these diagnostics proposes. */
function renew(): readonly string[] {
  return ['Measure again on this machine: `hepc measure-costs -o COSTS.json`.'];
}

export const notCosts = defineDiagnostic<{ reason: string }>({
  code: 'H360',
  severity: 'error',
  title: 'a file that does not hold costs',
  explain:
    '`hepc compile --costs` takes a file that `hepc measure-costs` wrote: JSON with the milliseconds of each operation by ' +
    'polynomial modulus degree, and the engine and processor that they were measured on. This file is something else, ' +
    'or it has been damaged or edited.',
  message: ({ reason }) => `this is no file of costs: ${reason}`,
  notes: renew,
});

export const otherCostVersion = defineDiagnostic<{ got: number; expected: number }>({
  code: 'H361',
  severity: 'error',
  title: 'costs in a format of another version of hepc',
  explain: 'The format of cost files has changed, because operations or the model of their costs have.',
  message: ({ got, expected }) => `the costs are in format version ${got}; this version of hepc reads ${expected}`,
  notes: renew,
});

export const otherCostEngine = defineDiagnostic<{ got: string; expected: string }>({
  code: 'H362',
  severity: 'error',
  title: 'costs of another engine',
  explain:
    'Costs decide which layouts and parameters a plan gets. Those of another engine, or of another version of it, may ' +
    'stand in quite another proportion to one another, and would make plans slower without anybody noticing.',
  message: ({ got, expected }) => `the costs were measured with ${got}; plans are compiled for ${expected}`,
  notes: renew,
});

export const otherCostProcessor = defineDiagnostic<{ got: string; expected: string }>({
  code: 'H363',
  severity: 'error',
  title: 'costs of another processor',
  explain:
    'Costs are those of the processor that they were measured on. To compile for a server, measure there and compile ' +
    'there; or leave --costs out, and the plan is chosen by the costs that hepc comes with, the same on every machine.',
  message: ({ got, expected }) =>
    `the costs were measured on ${JSON.stringify(got)}; this is ${JSON.stringify(expected)}`,
  notes: renew,
});
