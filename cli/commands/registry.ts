/** Every command, in the order of the help: by group, and there in the order in which they are used. */
import type { Command } from '../shell/command.ts';
import { bind } from './making/bind.ts';
import { clientPart } from './making/client-part.ts';
import { compile } from './making/compile.ts';
import { decrypt } from './running/decrypt.ts';
import { encrypt } from './running/encrypt.ts';
import { evaluate } from './running/eval.ts';
import { explain } from './looking/explain.ts';
import { inspect } from './looking/inspect.ts';
import { keygen } from './running/keygen.ts';
import { measureCosts } from './making/measure-costs.ts';
import { opt } from './looking/opt.ts';
import { passes } from './looking/passes.ts';
import { prune } from './making/prune.ts';
import { run } from './running/run.ts';
import { verify } from './running/verify.ts';

export const commands: readonly Command[] = [
  prune,
  compile,
  inspect,
  verify,
  run,
  clientPart,
  keygen,
  encrypt,
  bind,
  evaluate,
  decrypt,
  measureCosts,
  opt,
  passes,
  explain,
];
