/** Of the process that evaluates for a service (H812–H819). */
import { defineDiagnostic } from '../diagnostic.ts';

export const evaluatorEnded = defineDiagnostic<{ reason: string }>({
  code: 'H812',
  severity: 'error',
  title: 'the process that evaluates has ended',
  explain:
    'A service evaluates in a process of its own. Where that ends by itself, by want of memory or an error, what it was ' +
    'doing is lost; the next request starts another one.',
  message: ({ reason }) => `the process that evaluates has ended: ${reason}`,
  notes: () => ['Try again; where it happens each time, look for want of memory on the machine of the server.'],
});

export const planBeyondBudget = defineDiagnostic<{ plan: string; needed: number; budget: number }>({
  code: 'H813',
  severity: 'error',
  title: 'a plan that does not fit the memory of the service',
  explain:
    'A service keeps plans and keys in one budget of memory. Of each plan it must hold at least what an evaluation works ' +
    'in and the keys of one client, besides the plan itself; encoded weights are kept in what is left.',
  message: ({ plan, needed, budget }) =>
    `plan ${plan} takes ${mebibytes(needed)} with the keys of one client, but the budget is ${mebibytes(budget)}`,
  notes: ({ needed }) => [
    `Give the service ${mebibytes(needed)} or more (--memory).`,
    'Compile the model for less memory; `hepc inspect` shows what takes it.',
  ],
});

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
