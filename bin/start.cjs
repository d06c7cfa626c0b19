// Apart from hepc.cjs, because old versions of Node cannot read `import()`.
'use strict';

void import('../cli/main.js');
