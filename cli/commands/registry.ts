/** Every command, in the order of the help: by group, and there in the order in which they are used. */
import type { Command } from '../command.ts';
import { bind } from './bind.ts';
import { clientPart } from './client-part.ts';
import { compile } from './compile.ts';
import { decrypt } from './decrypt.ts';
import { encrypt } from './encrypt.ts';
import { evaluate } from './eval.ts';
import { explain } from './explain.ts';
import { inspect } from './inspect.ts';
import { keygen } from './keygen.ts';
import { measureCosts } from './measure-costs.ts';
import { opt } from './opt.ts';
import { passes } from './passes.ts';
import { prune } from './prune.ts';
import { run } from './run.ts';
import { verify } from './verify.ts';

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
