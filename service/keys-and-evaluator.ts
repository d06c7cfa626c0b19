/** What an evaluator does for the keys of a service: it checks them, and forgets those that are deleted. */
import { InternalError } from '../ir/diagnostics/diagnostic.ts';
import type { Evaluator } from './evaluation/evaluator.ts';
import { keysGoneSubject } from './keys/holders.ts';
import type { KeyCheck } from './keys/keys.ts';
import type { Backend } from './stores/backend.ts';

export function keyChecker({ objects }: Pick<Backend, 'objects'>, evaluator: Evaluator): KeyCheck {
  return async ({ digest }, path, keys) => {
    const file = await objects.open('plans', digest);
    if (file === undefined) throw new InternalError(`the plan ${digest} is not in the store`);
    try {
      return await evaluator.checkKeys({ digest, path: file.path }, path, keys);
    } finally {
      await file.release();
    }
  };
}

/** Until the function that it gives is called. */
export function forgetDeletedKeys({ signals }: Pick<Backend, 'signals'>, evaluator: Evaluator): Promise<() => void> {
  return signals.listen(keysGoneSubject, (message) => {
    if (typeof message !== 'object' || message === null || !('digest' in message)) return;
    const { digest } = message;
    if (typeof digest === 'string') void evaluator.forget(digest).catch(() => undefined);
  });
}
