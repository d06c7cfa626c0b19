/** Entry of the process that evaluates for a service. It ends with its parent. */
import type { ToEvaluator } from './protocol.ts';

process.on('message', (message: ToEvaluator) => {
  if (message.kind === 'close') process.disconnect();
});
process.on('disconnect', () => process.exit(0));
