/** Preloaded by `--import`: writes the modules that a process loads to the file that HEPC_MODULES names, one a line. */
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const file = process.env['HEPC_MODULES'];
if (file === undefined) throw new Error('HEPC_MODULES is not set');

registerHooks({
  load: (url, context, nextLoad) => {
    appendFileSync(file, `${url}\n`);
    return nextLoad(url, context);
  },
});
