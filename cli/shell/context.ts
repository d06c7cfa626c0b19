/** What a command is given to speak with. */

/** Where results go: the standard output, which a reader may close. */
export interface CommandContext {
  readonly print: (text: string) => void;
  /** For diagnostics and remarks: the standard error. */
  readonly remark: (text: string) => void;
  /** For help, which may be coloured; `print` where it is left out. */
  readonly showHelp?: (text: string) => void;
}
