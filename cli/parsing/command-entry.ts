/**
 * A command as the list of commands has it: enough for the help of all of them. Its declaration is loaded for its own help
 * and its parser, and what it does, with compiler, engines and all, only once its options fit.
 */
import type { z } from 'zod';
import type { Action, Command, CommandDeclaration, CommandHead } from './declaration.ts';

export interface CommandEntry extends CommandHead {
  readonly load: () => Promise<Command>;
}

/** What a command is made of, each part loaded when it is needed. */
interface CommandParts<Schema extends z.ZodObject> extends CommandHead {
  readonly declaration: () => Promise<CommandDeclaration<Schema>>;
  readonly action: () => Promise<Action<CommandDeclaration<Schema>>>;
}

export function commandEntry<Schema extends z.ZodObject>(parts: CommandParts<Schema>): CommandEntry {
  const { name, group, summary, declaration, action } = parts;
  const head = { name, group, summary };
  return {
    ...head,
    load: async () => {
      const [{ defineCommand }, declared] = await Promise.all([import('./command.ts'), declaration()]);
      return defineCommand(head, declared, action);
    },
  };
}
